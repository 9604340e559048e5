/* What a call said, as turns of a conversation: { role, parts: [{ kind, text, name? }] }, kind being text, thinking,
   call (of a tool) or note (a picture, a file). Reads the bodies of all our dialects, whole or as a stream's events;
   what it doesn't know is left to the raw view. Pure: no page, no network. */

const text = (value, kind = "text") => ({ kind, text: String(value) });
const called = (name, args) => ({ kind: "call", name: String(name ?? ""), text: pretty(args) });

function pretty(args) {
  try {
    return JSON.stringify(typeof args === "string" ? JSON.parse(args) : args, null, 2) ?? "";
  } catch {
    return String(args);
  }
}

/* One block of a message's content, of any dialect. */
function part(block) {
  if (typeof block === "string") return text(block);
  switch (block?.type) {
    case "thinking":
      return text(block.thinking ?? "", "thinking");
    case "reasoning":
      return text((block.summary ?? []).map((one) => one.text).join("\n"), "thinking");
    case "tool_use":
      return called(block.name, block.input);
    case "tool_result":
      return text(plain(block.content));
    case "image":
    case "image_url":
    case "input_image":
      return { kind: "note", text: "picture" };
    case "document":
    case "file":
    case "input_file":
    case "input_audio":
      return { kind: "note", text: "file" };
    default:
      return text(block?.text ?? block?.refusal ?? pretty(block));
  }
}

const listed = (content) => (Array.isArray(content) ? content : content === null || content === undefined ? [] : [content]);
const plain = (content) => listed(content).map((block) => part(block).text).join("\n");

function turn(message) {
  const role = String(message.role ?? "user");
  const thought = message.reasoning_content ?? message.reasoning;
  const calls = (message.tool_calls ?? []).map((one) => called(one.function?.name, one.function?.arguments));
  const before = typeof thought === "string" && thought ? [text(thought, "thinking")] : [];
  return { role, parts: [...before, ...listed(message.content).map(part), ...calls] };
}

/* An item of the Responses API's input or output. */
function item(one) {
  if (typeof one === "string") return { role: "user", parts: [text(one)] };
  if (one.type === "function_call") return { role: "assistant", parts: [called(one.name, one.arguments)] };
  if (one.type === "function_call_output") return { role: "tool", parts: [text(plain(one.output))] };
  if (one.type === "reasoning") return { role: "assistant", parts: [part(one)] };
  return turn(one);
}

export function asked(body) {
  const first = plain(body.system ?? body.instructions);
  const system = first ? [{ role: "system", parts: [text(first)] }] : [];
  const said = body.messages?.map(turn) ?? listed(body.input ?? body.prompt).map(item);
  return [...system, ...said];
}

export function answered(body) {
  if (body.error) return [{ role: "error", parts: [text(body.error.message ?? pretty(body.error))] }];
  if (body.choices) return body.choices.map((one) => (one.message ? turn(one.message) : assistant([text(one.text ?? "")])));
  if (body.output) return body.output.map(item);
  if (Array.isArray(body.content)) return [turn(body)];
  return [];
}

const assistant = (parts) => ({ role: "assistant", parts });

/* The data of a stream's events; the last one may be cut off. */
function events(stream) {
  const found = [];
  for (const line of stream.split(/\r?\n/)) {
    if (!line.startsWith("data:")) continue;
    try {
      found.push(JSON.parse(line.slice(5)));
    } catch {
      continue; // [DONE], or cut off
    }
  }
  return found;
}

/* A stream put together, as if it had come in one piece. */
export function streamed(stream) {
  const all = events(stream);
  const failed = all.find((event) => event.error);
  const last = failed ? answered(failed) : [];
  if (all.some((event) => event.choices)) return [...fromChunks(all), ...last];
  const whole = all.findLast((event) => event.response?.output?.length);
  if (whole) return [...answered(whole.response), ...last];
  return [...fromDeltas(all), ...last];
}

function fromChunks(all) {
  const message = { role: "assistant", content: "", reasoning_content: "", tool_calls: [] };
  for (const { choices } of all) {
    const delta = choices?.[0]?.delta ?? {};
    message.content += delta.content ?? choices?.[0]?.text ?? "";
    message.reasoning_content += delta.reasoning_content ?? delta.reasoning ?? "";
    for (const { index = 0, function: piece } of delta.tool_calls ?? []) {
      const one = (message.tool_calls[index] ??= { function: { name: "", arguments: "" } });
      one.function.name += piece?.name ?? "";
      one.function.arguments += piece?.arguments ?? "";
    }
  }
  message.tool_calls = message.tool_calls.filter(Boolean);
  return [turn(message.content ? message : { ...message, content: [] })];
}

/* Messages' blocks, and a Responses stream that never came to its end. */
function fromDeltas(all) {
  const blocks = [];
  let loose = "";
  for (const event of all) {
    if (event.type === "content_block_start") blocks[event.index] = { ...event.content_block, json: "" };
    const block = blocks[event.index];
    if (event.type === "content_block_delta" && block) {
      block.text = (block.text ?? "") + (event.delta.text ?? "");
      block.thinking = (block.thinking ?? "") + (event.delta.thinking ?? "");
      block.json += event.delta.partial_json ?? "";
    }
    if (event.type === "response.output_text.delta") loose += event.delta;
  }
  const parts = blocks.filter(Boolean).map((block) => part(block.json ? { ...block, input: block.json } : block));
  if (loose) parts.push(text(loose));
  return parts.length ? [assistant(parts)] : [];
}
