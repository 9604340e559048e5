/* The same request for somebody's own program: Python and Node with OpenAI's SDK, and curl. */

import { $ } from "./dom.js";
import { data } from "./data.js";

const KNOWN = new Set([
  ...["model", "messages", "temperature", "top_p", "max_tokens", "frequency_penalty", "presence_penalty", "seed"],
  ...["stop", "response_format", "reasoning_effort", "tools", "tool_choice", "stream", "stream_options", "n"],
  ...["prompt", "size", "quality", "seconds", "input", "voice", "speed", "instructions", "language", "dimensions"],
  ...["encoding_format", "max_completion_tokens", "logprobs", "top_logprobs", "parallel_tool_calls", "file"],
]);
const METHODS = {
  "/v1/chat/completions": "chat.completions.create",
  "/v1/images/generations": "images.generate",
  "/v1/videos": "videos.create",
  "/v1/embeddings": "embeddings.create",
  "/v1/audio/speech": "audio.speech.create",
  "/v1/audio/transcriptions": "audio.transcriptions.create",
};
const VARIABLE = "CLOUDAPI_KEY";
const base = () => `${data.base_url}/v1`;

/* Pictures are long: a program reads them from a file. Marks keep their places until the code is written. */
function lifted(body) {
  const files = [];
  const text = JSON.stringify(body, (_, value) => {
    const found = typeof value === "string" && /^data:(image\/(\w+));base64,/.exec(value);
    if (!found) return value;
    files.push({ kind: found[1], name: `image-${files.length + 1}.${found[2]}`, mark: `\u0001${files.length}\u0001` });
    return files.at(-1).mark;
  });
  return { body: JSON.parse(text), files };
}

const withFiles = (text, files, write) =>
  files.reduce((code, file) => code.replaceAll(JSON.stringify(file.mark), write(file)), text);

function python(value, indent) {
  const pad = "    ".repeat(indent + 1);
  const end = "    ".repeat(indent);
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) {
    if (value.every((one) => typeof one !== "object")) return `[${value.map((one) => python(one, 0)).join(", ")}]`;
    return `[\n${value.map((one) => `${pad}${python(one, indent + 1)},\n`).join("")}${end}]`;
  }
  const rows = Object.entries(value).map(([key, one]) => `${pad}${JSON.stringify(key)}: ${python(one, indent + 1)},\n`);
  return rows.length ? `{\n${rows.join("")}${end}}` : "{}";
}

function split(body) {
  const known = Object.fromEntries(Object.entries(body).filter(([key]) => KNOWN.has(key)));
  const extra = Object.fromEntries(Object.entries(body).filter(([key]) => !KNOWN.has(key)));
  return { known, extra };
}

const PYTHON_END = {
  "/v1/images/generations": [
    "import base64\n",
    'with open("image.png", "wb") as file:\n    file.write(base64.b64decode(answer.data[0].b64_json))',
  ],
  "/v1/videos": [
    "",
    "video = client.videos.poll(answer.id)\n" +
      'client.videos.download_content(video.id).write_to_file("video.mp4")',
  ],
  "/v1/embeddings": ["", "print(len(answer.data[0].embedding))"],
  "/v1/audio/speech": ["", 'answer.write_to_file("speech.audio")'],
  "/v1/audio/transcriptions": ["", "print(answer.text)"],
};

function pythonCode(path, body, files) {
  const { known, extra } = split(body);
  const rows = Object.entries(known).map(([key, one]) => `    ${key}=${key === "file" ? `open(${JSON.stringify(one)}, "rb")` : python(one, 1)},\n`);
  if (Object.keys(extra).length) rows.push(`    extra_body=${python(extra, 1)},\n`);
  let [first, last] = PYTHON_END[path] ?? ["", "print(answer.choices[0].message.content)"];
  if (known.stream) {
    last = "for chunk in answer:\n    if chunk.choices and chunk.choices[0].delta.content:\n" +
      '        print(chunk.choices[0].delta.content, end="", flush=True)';
  }
  if (files.length) first = "import base64\n";
  const code = `${first}import os\n\nfrom openai import OpenAI\n\n` +
    `client = OpenAI(api_key=os.environ["${VARIABLE}"], base_url=${JSON.stringify(base())})\n` +
    `answer = client.${METHODS[path]}(\n${rows.join("")})\n${last}\n`;
  return withFiles(code, files, (file) =>
    `"data:${file.kind};base64," + base64.b64encode(open("${file.name}", "rb").read()).decode()`);
}

const NODE_END = {
  "/v1/images/generations": 'fs.writeFileSync("image.png", Buffer.from(answer.data[0].b64_json, "base64"));',
  "/v1/videos":
    "let video = answer;\n" +
    'while (["queued", "in_progress"].includes(video.status)) {\n' +
    "  await new Promise((done) => setTimeout(done, 3000));\n  video = await client.videos.retrieve(answer.id);\n}\n" +
    "const film = await client.videos.downloadContent(video.id);\n" +
    'fs.writeFileSync("video.mp4", Buffer.from(await film.arrayBuffer()));',
  "/v1/embeddings": "console.log(answer.data[0].embedding.length);",
  "/v1/audio/speech": 'fs.writeFileSync("speech.audio", Buffer.from(await answer.arrayBuffer()));',
  "/v1/audio/transcriptions": "console.log(answer.text);",
};

function nodeCode(path, body, files) {
  let last = NODE_END[path] ?? "console.log(answer.choices[0].message.content);";
  if (body.stream) {
    last = 'for await (const chunk of answer) process.stdout.write(chunk.choices[0]?.delta?.content ?? "");';
  }
  let text = JSON.stringify(body, null, 2);
  if (body.file) text = text.replace(`"file": ${JSON.stringify(body.file)}`, `"file": fs.createReadStream(${JSON.stringify(body.file)})`);
  const reads = files.length || /\bfs\./.test(last + text) ? 'import fs from "node:fs";\n\n' : "";
  const code = `${reads}import OpenAI from "openai";\n\n` +
    `const client = new OpenAI({ apiKey: process.env.${VARIABLE}, baseURL: ${JSON.stringify(base())} });\n` +
    `const answer = await client.${METHODS[path]}(${text});\n${last}\n`;
  return withFiles(code, files, (file) =>
    `"data:${file.kind};base64," + fs.readFileSync("${file.name}").toString("base64")`);
}

const CURL_OUT = { "/v1/audio/speech": " \\\n  --output speech.audio" };

function curlCode(path, body, files) {
  const head = `curl ${base().slice(0, -3)}${path} \\\n  -H "Authorization: Bearer $${VARIABLE}"`;
  if (body.file) {
    const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
    const rows = Object.entries(body).map(([key, one]) =>
      `  -F ${quoted(`${key}=${key === "file" ? "@" : ""}${typeof one === "object" ? JSON.stringify(one) : one}`)}`);
    return `${head} \\\n${rows.join(" \\\n")}\n`;
  }
  const stream = body.stream ? " -N" : "";
  const text = JSON.stringify(body, null, 2);
  const json = `${head.replace("curl", `curl${stream}`)} \\\n  -H "Content-Type: application/json"${CURL_OUT[path] ?? ""} \\\n`;
  if (!files.length) return `${json}  -d '${text.replaceAll("'", "'\\''")}'\n`;
  const open = text.replaceAll("\\", "\\\\").replaceAll("$", "\\$").replaceAll("`", "\\`");
  // Backslashes were doubled for the shell, in the marks too.
  const marked = files.map((file) => ({ ...file, place: JSON.stringify(file.mark).replaceAll("\\", "\\\\") }));
  const filled = marked.reduce(
    (code, file) => code.replaceAll(file.place, `"data:${file.kind};base64,$(base64 -w0 ${file.name})"`), open);
  return `${json}  -d @- <<END\n${filled}\nEND\n`;
}

/** Python, Node and curl of one request. body.file names a file that is sent along. */
export function written(path, sent) {
  const { body, files } = lifted(sent);
  return { python: pythonCode(path, body, files), node: nodeCode(path, body, files), curl: curlCode(path, body, files) };
}

/** Shows the code of one request in its dialog. */
export function showCode(path, sent) {
  const dialog = $("#studio-code");
  for (const [language, text] of Object.entries(written(path, sent))) {
    $(`[data-code="${language}"]`, dialog).textContent = text;
  }
  dialog.showModal();
}
