// @anthropic-ai/sdk as a customer uses it. Reads {baseURL, key, poorKey} from argv, prints one JSON line per case:
// {"name", "error"} where error is null if all of the case held.
import assert from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";

const { baseURL, key, poorKey } = JSON.parse(process.argv[2]);
const client = new Anthropic({ baseURL, apiKey: key });
const models = ["test/one", "test/claude", "test/gemini"];
const say = (wishes) => [{ role: "user", content: JSON.stringify({ upstream: wishes }) }];
const ask = (model, wishes, more = {}) =>
  client.messages.create({ model, max_tokens: 1000, messages: say(wishes), ...more });
const tools = [{ name: "get_weather", input_schema: { type: "object", properties: { city: { type: "string" } } } }];
const calls = ["Toshkent", "Самарқанд"].map((city) => ({ name: "get_weather", arguments: { city } }));

const cases = {
  async message() {
    for (const model of models) {
      const answer = await ask(model, { text: "Salom, дунё 🙂", prompt_tokens: 9 });
      assert.equal(answer.content[0].text, "Salom, дунё 🙂");
      assert.equal(answer.model, model);
      assert.equal(answer.usage.input_tokens, 9);
      assert.ok(answer._request_id);
    }
  },
  async stream() {
    for (const model of models) {
      const stream = client.messages.stream({ model, max_tokens: 99, messages: say({ text: "bir ikki уч" }) });
      let text = "";
      stream.on("text", (piece) => (text += piece));
      const final = await stream.finalMessage();
      assert.equal(text, "bir ikki уч");
      assert.equal(final.stop_reason, "end_turn");
      assert.equal(final.content[0].text, text);
    }
  },
  async parallel_tools() {
    for (const model of models) {
      const stream = client.messages.stream({ model, max_tokens: 999, tools, messages: say({ tool_calls: calls }) });
      const final = await stream.finalMessage();
      assert.equal(final.stop_reason, "tool_use");
      const used = final.content.filter((block) => block.type === "tool_use");
      assert.deepEqual(used.map((block) => block.input), calls.map((call) => call.arguments));
    }
  },
  async thinking() {
    const thinking = { type: "enabled", budget_tokens: 1024 };
    for (const model of models) {
      const answer = await ask(model, { reasoning: "hm", reasoning_tokens: 5, text: "ha" }, { thinking, max_tokens: 4000 });
      assert.deepEqual(answer.content.map((block) => block.type), ["thinking", "text"]);
    }
  },
  async count_tokens() {
    for (const model of models.slice(0, 2)) {
      const counted = await client.messages.countTokens({ model, messages: say({ prompt_tokens: 42 }) });
      assert.ok(counted.input_tokens > 10);
    }
  },
  async list_of_models() {
    const ids = [];
    for await (const model of client.models.list({ limit: 20 })) ids.push(model.id);
    assert.ok(models.every((model) => ids.includes(model)));
  },
  async errors() {
    const refused = (promise, kind, status) =>
      assert.rejects(promise, (error) => error instanceof kind && error.status === status && Boolean(error.requestID));
    const poor = new Anthropic({ baseURL, apiKey: poorKey });
    const nobody = new Anthropic({ baseURL, apiKey: "cap-nobody" });
    const body = { model: "test/one", max_tokens: 9, messages: say({}) };
    await refused(nobody.messages.create(body), Anthropic.AuthenticationError, 401);
    await refused(poor.messages.create(body), Anthropic.APIError, 402);
    await refused(ask("test/nowhere", {}), Anthropic.NotFoundError, 404);
    await refused(ask("test/one", {}, { temperature: 7 }), Anthropic.BadRequestError, 400);
  },
  async retries_once_and_is_served() {
    const wishes = { run: "claude-node-again", fault: "529", fail_times: 1, retry_after: "1", completion_tokens: 2 };
    assert.equal((await ask("test/claude", wishes)).usage.output_tokens, 2);
  },
  async broken_stream() {
    for (const model of models) {
      const messages = say({ fault: "cut", completion_tokens: 9 });
      const stream = client.messages.stream({ model, max_tokens: 99, messages });
      await assert.rejects(stream.finalMessage(), Anthropic.APIError);
    }
  },
};

for (const [name, run] of Object.entries(cases)) {
  const error = await run().then(
    () => null,
    (found) => String(found.stack ?? found),
  );
  console.log(JSON.stringify({ name, error }));
}
