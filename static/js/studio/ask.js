/* One streamed chat completion: its pieces as they come, and its figures at the end. */

import { events, post, receipt } from "./api.js";
import { ofReceipt } from "./figures.js";

const PATH = "/v1/chat/completions";

/** Adds what a chunk says to the step. */
function hear(step, delta) {
  step.text += delta.content ?? delta.refusal ?? "";
  step.reasoning += delta.reasoning_content ?? delta.reasoning ?? "";
  for (const piece of delta.tool_calls ?? []) {
    const call = (step.calls[piece.index ?? 0] ??= { id: "", name: "", arguments: "" });
    call.id ||= piece.id ?? "";
    call.name += piece.function?.name ?? "";
    call.arguments += piece.function?.arguments ?? "";
  }
}

function note(step, chunk) {
  if (chunk.usage) {
    step.stats.input = chunk.usage.prompt_tokens;
    step.stats.output = chunk.usage.completion_tokens;
  }
  if (chunk.cloudapi) {
    const { cost_uzs: cost, provider, sandbox, request_id: id, model } = chunk.cloudapi;
    Object.assign(step.stats, { cost, provider, sandbox, id, model });
  }
}

/** Streams the answer into `step`, telling `heard` of each piece. Errors and a stop end up in the step. */
export async function ask(body, step, signal, heard) {
  const began = performance.now();
  try {
    const answer = await post(PATH, { ...body, stream: true, stream_options: { include_usage: true } }, signal);
    step.stats.id = answer.headers.get("x-request-id");
    step.stats.provider = answer.headers.get("x-cloudapi-provider") ?? undefined;
    for await (const chunk of events(answer)) {
      const choice = chunk.choices?.[0];
      if (choice?.delta) {
        hear(step, choice.delta);
        if (step.stats.ttft === undefined && (step.text || step.reasoning || step.calls.length)) {
          step.stats.ttft = performance.now() - began;
        }
      }
      if (choice?.finish_reason) step.stats.finish = choice.finish_reason;
      note(step, chunk);
      heard();
    }
  } catch (error) {
    if (error.name === "AbortError") step.stopped = true;
    else step.error = { code: error.code ?? "network", message: error.message };
    if (error.requestId) step.stats.id = error.requestId;
  }
  timed(step.stats, performance.now() - began);
}

function timed(stats, ms) {
  stats.ms = ms;
  const said = ms - (stats.ttft ?? ms);
  if (stats.output && said > 50) stats.rate = stats.output / (said / 1000);
}

/** What only the receipt tells: the cost of an answer that was stopped, and whether it was free. */
export async function settle(step) {
  const { stats } = step;
  if (!stats.id || (step.error && !step.text)) return;
  if (!step.stopped && !(Number(stats.cost) === 0)) return;
  const found = await receipt(stats.id);
  if (found) Object.assign(stats, ofReceipt(found), { provider: stats.provider ?? ofReceipt(found).provider });
}
