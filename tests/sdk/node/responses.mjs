// The Responses API through openai-node. Reads {baseURL, key, poorKey} from argv, prints one JSON line per case:
// {"name", "error"} where error is null if all of the case held.
import assert from "node:assert/strict";
import OpenAI from "openai";

const { baseURL, key, poorKey } = JSON.parse(process.argv[2]);
const client = new OpenAI({ baseURL, apiKey: key });
const poor = new OpenAI({ baseURL, apiKey: poorKey });
const say = (wishes) => [{ role: "user", content: JSON.stringify({ upstream: wishes }) }];
const ask = (wishes, more = {}) =>
  client.responses.create({ model: "test/one", input: say(wishes), ...more });

const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const tools = [{ type: "function", name: "get_weather", parameters, strict: false }];
const calls = ["Toshkent", "Самарқанд"].map((city) => ({ name: "get_weather", arguments: { city } }));

const cases = {
  async whole() {
    const answer = await ask({ text: "Salom, дунё 🙂", prompt_tokens: 9, completion_tokens: 4 });
    assert.equal(answer.output_text, "Salom, дунё 🙂");
    assert.equal(answer.model, "test/one");
    assert.equal(answer.status, "completed");
    assert.equal(answer.usage.output_tokens, 4);
    assert.ok(answer._request_id);
  },
  async stream() {
    let text = "";
    let last = null;
    for await (const event of await ask({ text: "bir ikki уч" }, { stream: true })) {
      if (event.type === "response.output_text.delta") text += event.delta;
      last = event;
    }
    assert.equal(text, "bir ikki уч");
    assert.equal(last.type, "response.completed");
    assert.equal(last.response.output[0].content[0].text, "bir ikki уч");
  },
  async the_stream_helper() {
    const stream = client.responses.stream({ model: "test/one", input: say({ tool_calls: calls }), tools });
    const done = [];
    stream.on("response.function_call_arguments.done", (event) => done.push(JSON.parse(event.arguments)));
    const final = await stream.finalResponse();
    assert.deepEqual(done, calls.map((call) => call.arguments));
    assert.deepEqual(final.output.map((item) => JSON.parse(item.arguments)), done);
  },
  async the_tool_loop() {
    const input = say({ steps: [{ tool_calls: calls, reasoning: "oʻylayman" }, { text: "31 daraja" }] });
    const first = await client.responses.create({ model: "test/one", input, tools });
    input.push(...first.output);
    for (const item of first.output) {
      if (item.type !== "function_call") continue;
      input.push({ type: "function_call_output", call_id: item.call_id, output: "31" });
    }
    const second = await client.responses.create({ model: "test/one", input, tools });
    assert.equal(second.output_text, "31 daraja");
  },
  async parse() {
    const schema = { type: "object", properties: { answer: { type: "string" } }, required: ["answer"] };
    const format = { type: "json_schema", name: "answer", schema, strict: false };
    const answer = await client.responses.parse({ model: "test/one", input: say({}), text: { format } });
    assert.deepEqual(JSON.parse(answer.output_text), { answer: "salom" });
  },
  async broken_stream() {
    const read = async () => {
      for await (const event of await ask({ fault: "error_event", completion_tokens: 9 }, { stream: true })) void event;
    };
    await assert.rejects(read, OpenAI.APIError);
  },
  async no_money() {
    const asked = poor.responses.create({ model: "test/one", input: "Salom" });
    await assert.rejects(asked, (error) => error.status === 402 && error.code === "insufficient_balance");
  },
  async nothing_is_stored() {
    const asked = ask({}, { previous_response_id: "resp_1" });
    await assert.rejects(asked, (error) => error.status === 400 && error.param === "previous_response_id");
  },
  async a_legacy_completion() {
    const answer = await client.completions.create({ model: "test/one", prompt: say({ text: "va uch" })[0].content });
    assert.equal(answer.choices[0].text, "va uch");
    assert.equal(answer.object, "text_completion");
  },
};

for (const [name, run] of Object.entries(cases)) {
  const error = await run().then(
    () => null,
    (found) => String(found.stack ?? found),
  );
  console.log(JSON.stringify({ name, error }));
}
