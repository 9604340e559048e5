// openai-node as a customer uses it. Reads {baseURL, key, poorKey, directives} from argv, prints one JSON line
// per case: {"name", "error"} where error is null if all of the case held.
import assert from "node:assert/strict";
import OpenAI, { toFile } from "openai";

const { baseURL, key, poorKey, limitedKey } = JSON.parse(process.argv[2]);
const client = new OpenAI({ baseURL, apiKey: key });
const poor = new OpenAI({ baseURL, apiKey: poorKey });
const say = (wishes) => [{ role: "user", content: JSON.stringify({ upstream: wishes }) }];
const chat = (wishes, more = {}) =>
  client.chat.completions.create({ model: "test/one", messages: say(wishes), ...more });

const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const tools = [{ type: "function", function: { name: "get_weather", parameters } }];
const calls = ["Toshkent", "Самарқанд"].map((city) => ({ name: "get_weather", arguments: { city } }));
const pixel =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

async function refused(promise, kind, status, code) {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof kind, `${error.constructor.name}: ${error.message}`);
    assert.equal(error.status, status);
    if (code) assert.equal(error.code, code);
    assert.ok(error.requestID);
    return true;
  });
}

const cases = {
  async chat() {
    const answer = await chat({ text: "Salom, дунё 🙂", prompt_tokens: 9, completion_tokens: 4 });
    assert.equal(answer.choices[0].message.content, "Salom, дунё 🙂");
    assert.equal(answer.model, "test/one");
    assert.equal(answer.usage.completion_tokens, 4);
    assert.ok(answer._request_id);
  },
  async stream() {
    let text = "";
    let finish = null;
    for await (const chunk of await chat({ text: "bir ikki уч" }, { stream: true })) {
      text += chunk.choices[0].delta.content ?? "";
      finish = chunk.choices[0].finish_reason ?? finish;
    }
    assert.equal(text, "bir ikki уч");
    assert.equal(finish, "stop");
  },
  async stream_with_usage() {
    const options = { stream: true, stream_options: { include_usage: true } };
    const chunks = [];
    for await (const chunk of await chat({ completion_tokens: 3 }, options)) chunks.push(chunk);
    assert.equal(chunks.at(-1).usage.completion_tokens, 3);
    assert.deepEqual(chunks.at(-1).choices, []);
    assert.ok(chunks.slice(0, -1).every((chunk) => chunk.usage === null));
  },
  async stream_helper() {
    const runner = client.chat.completions.stream({ model: "test/one", messages: say({ text: "ha albatta" }) });
    assert.equal(await runner.finalContent(), "ha albatta");
  },
  async tools() {
    const answer = await chat({ tool_calls: calls }, { tools });
    const found = answer.choices[0].message.tool_calls.map((call) => JSON.parse(call.function.arguments).city);
    assert.deepEqual(found, ["Toshkent", "Самарқанд"]);
    assert.equal(answer.choices[0].finish_reason, "tool_calls");
  },
  async streamed_tools() {
    const runner = client.chat.completions.stream({ model: "test/one", messages: say({ tool_calls: calls }), tools });
    const final = await runner.finalChatCompletion();
    const found = final.choices[0].message.tool_calls.map((call) => JSON.parse(call.function.arguments).city);
    assert.deepEqual(found, ["Toshkent", "Самарқанд"]);
  },
  async vision() {
    const text = { type: "text", text: say({ text: "nuqta" })[0].content };
    const messages = [{ role: "user", content: [text, { type: "image_url", image_url: { url: pixel } }] }];
    const answer = await client.chat.completions.create({ model: "test/one", messages });
    assert.equal(answer.choices[0].message.content, "nuqta");
  },
  async json_mode() {
    const answer = await chat({}, { response_format: { type: "json_object" } });
    assert.deepEqual(JSON.parse(answer.choices[0].message.content), { answer: "salom" });
  },
  async several_choices_and_logprobs() {
    const answer = await chat({ text: "ha yoq" }, { n: 2, logprobs: true, top_logprobs: 1 });
    assert.equal(answer.choices.length, 2);
    assert.equal(answer.choices[1].logprobs.content[0].token, "ha ");
  },
  async odd_model_names() {
    for (const name of ["test/one", "Test Three", "three of them", "test/three@price"])
      assert.equal((await client.models.retrieve(name)).object, "model");
  },
  async list_of_models() {
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    assert.ok(ids.includes("test/one"));
  },
  async bad_key() {
    const nobody = new OpenAI({ baseURL, apiKey: "cap-nobody" });
    const call = nobody.chat.completions.create({ model: "test/one", messages: say({}) });
    await refused(call, OpenAI.AuthenticationError, 401, "invalid_api_key");
  },
  async empty_wallet() {
    const call = poor.chat.completions.create({ model: "test/one", messages: say({}) });
    await refused(call, OpenAI.APIError, 402, "insufficient_balance");
  },
  async unknown_model() {
    await refused(chat({}, { model: "test/nowhere" }), OpenAI.NotFoundError, 404, "model_not_found");
  },
  async wrong_request() {
    await refused(chat({}, { temperature: 7 }), OpenAI.BadRequestError, 400);
  },
  async too_many_requests() {
    const limited = new OpenAI({ baseURL, apiKey: limitedKey, maxRetries: 0 });
    const call = () => limited.chat.completions.create({ model: "test/one", messages: say({}) });
    await call();
    await refused(call(), OpenAI.RateLimitError, 429, "rate_limit_exceeded");
  },
  async retries_once_and_is_served() {
    const answer = await chat({ run: "node-again", fault: "529", fail_times: 1, retry_after: "1", completion_tokens: 2 });
    assert.equal(answer.usage.completion_tokens, 2);
  },
  async no_retry_where_none_helps() {
    const began = Date.now();
    await refused(chat({}, { model: "test/locked" }), OpenAI.InternalServerError, 503, "no_endpoint");
    assert.ok(Date.now() - began < 400);
  },
  async images() {
    const made = await client.images.generate({ model: "test/image", prompt: "Registon", n: 2, size: "640x480" });
    assert.equal(made.data.length, 2);
    const image = await toFile(Buffer.from(made.data[0].b64_json, "base64"), "a.png", { type: "image/png" });
    const changed = await client.images.edit({ model: "test/image", prompt: "night", image: [image, image] });
    assert.equal(changed.data.length, 1);
    const bad = client.images.generate({ model: "test/image", prompt: "x", size: "9000x1" });
    await refused(bad, OpenAI.BadRequestError, 400, "invalid_value");
  },
  async broken_stream() {
    const read = async () => {
      for await (const chunk of await chat({ fault: "cut", completion_tokens: 9 }, { stream: true })) void chunk;
    };
    await assert.rejects(read, OpenAI.APIError);
  },
};

for (const [name, run] of Object.entries(cases)) {
  const error = await run().then(
    () => null,
    (found) => String(found.stack ?? found),
  );
  console.log(JSON.stringify({ name, error }));
}
