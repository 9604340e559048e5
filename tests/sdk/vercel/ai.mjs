// Vercel's AI SDK as a customer sets it up: openai() (the Responses API), openai.chat() and anthropic(). Reads
// {baseURL, key, poorKey} from argv, prints one JSON line per case: {"name", "error"}, error null if all held.
import assert from "node:assert/strict";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { APICallError, generateText, Output, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

globalThis.AI_SDK_LOG_WARNINGS = false; // they would stand between our lines
const { baseURL, key, poorKey } = JSON.parse(process.argv[2]);
const openai = createOpenAI({ baseURL, apiKey: key });
const anthropic = createAnthropic({ baseURL, apiKey: key });
const poor = createOpenAI({ baseURL, apiKey: poorKey });
const models = { responses: openai("test/one"), chat: openai.chat("test/one"), messages: anthropic("test/one") };
const say = (wishes) => JSON.stringify({ upstream: wishes });
// Nothing is stored here, so the SDK must send items and not references to them.
const providerOptions = { openai: { store: false } };

const cities = ["Toshkent", "Самарқанд"];
const weather = () => {
  const asked = [];
  const execute = async ({ city }) => {
    asked.push(city);
    return { city, degrees: 31 };
  };
  const inputSchema = z.object({ city: z.string() });
  return { asked, tools: { get_weather: tool({ description: "Weather of a city", inputSchema, execute }) } };
};
const calls = cities.map((city) => ({ name: "get_weather", arguments: { city } }));

async function text(model) {
  const { text, usage, finishReason } = await generateText({
    model,
    prompt: say({ text: "Salom, дунё 🙂", prompt_tokens: 9, completion_tokens: 4 }),
    providerOptions,
  });
  assert.equal(text, "Salom, дунё 🙂");
  assert.deepEqual([usage.inputTokens, usage.outputTokens], [9, 4]);
  assert.equal(finishReason, "stop");
}

async function stream(model) {
  const result = streamText({ model, prompt: say({ text: "bir ikki уч", prompt_tokens: 9 }), providerOptions });
  let text = "";
  for await (const piece of result.textStream) text += piece;
  assert.equal(text, "bir ikki уч");
  assert.equal((await result.usage).outputTokens, 3);
  assert.equal(await result.finishReason, "stop");
}

async function toolLoop(model, streamed) {
  const { asked, tools } = weather();
  const prompt = say({ steps: [{ tool_calls: calls }, { text: "31 daraja" }] });
  const options = { model, prompt, tools, stopWhen: stepCountIs(3), providerOptions };
  const result = streamed ? streamText(options) : await generateText(options);
  if (streamed) await result.consumeStream();
  assert.equal(await result.text, "31 daraja");
  assert.deepEqual(asked, cities);
  assert.equal((await result.steps).length, 2);
}

async function object(model) {
  const { output } = await generateText({
    model,
    prompt: say({}),
    output: Output.object({ schema: z.object({ answer: z.string() }) }),
    providerOptions,
  });
  assert.deepEqual(output, { answer: "salom" });
}

async function reasoning(model) {
  const result = await generateText({
    model,
    prompt: say({ reasoning: "oʻylayman", reasoning_tokens: 3, text: "ha" }),
    providerOptions,
  });
  assert.equal(result.reasoningText, "oʻylayman");
  assert.equal(result.text, "ha");
}

async function brokenStream(model) {
  const errors = [];
  const result = streamText({
    model,
    prompt: say({ fault: "error_event", completion_tokens: 6 }),
    onError: ({ error }) => errors.push(error),
    providerOptions,
  });
  await result.consumeStream();
  assert.ok(errors.length > 0, "the error event was not told");
}

async function noMoney() {
  const asked = generateText({ model: poor("test/one"), prompt: "Salom", maxRetries: 0 });
  await assert.rejects(asked, (error) => {
    assert.ok(APICallError.isInstance(error), String(error));
    assert.equal(error.statusCode, 402);
    assert.equal(error.isRetryable, false);
    return true;
  });
}

const cases = {
  async responses_text() { await text(models.responses); },
  async responses_stream() { await stream(models.responses); },
  async responses_tools() { await toolLoop(models.responses, false); },
  async responses_streamed_tools() { await toolLoop(models.responses, true); },
  async responses_object() { await object(models.responses); },
  async responses_reasoning() { await reasoning(models.responses); },
  async responses_broken_stream() { await brokenStream(models.responses); },
  async responses_no_money() { await noMoney(); },
  async chat_text() { await text(models.chat); },
  async chat_stream() { await stream(models.chat); },
  async chat_tools() { await toolLoop(models.chat, false); },
  async chat_streamed_tools() { await toolLoop(models.chat, true); },
  async chat_object() { await object(models.chat); },
  async chat_broken_stream() { await brokenStream(models.chat); },
  async messages_text() { await text(models.messages); },
  async messages_stream() { await stream(models.messages); },
  async messages_tools() { await toolLoop(models.messages, false); },
  async messages_streamed_tools() { await toolLoop(models.messages, true); },
  async messages_reasoning() { await reasoning(models.messages); },
  async messages_broken_stream() { await brokenStream(models.messages); },
};

for (const [name, run] of Object.entries(cases)) {
  const error = await run().then(
    () => null,
    (found) => String(found.stack ?? found),
  );
  console.log(JSON.stringify({ name, error }));
}
