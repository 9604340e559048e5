/* Turning content logging on: a pair is made here, its file kept by its owner, and only then does the server hear of
   the public half. Without this module the switch can't be turned on: a server must not make the key. */

import { makeKeyFile, readKeyFile } from "./log-key.js";

const section = document.querySelector("[data-log-setup]");
const words = JSON.parse(section.dataset.words);
const part = (name) => section.querySelector(`[data-${name}]`);
const form = part("form");
let made = null;

function say(text, bad) {
  const note = part("note");
  note.textContent = text;
  note.hidden = !text;
  note.classList.toggle("error", Boolean(bad));
  note.classList.toggle("success", !bad);
}

function offer() {
  const link = part("download");
  if (link.href) URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(new Blob([made.text], { type: "application/json" }));
  link.download = `cloudapi-log-key-${made.fingerprint.slice(0, 8)}.json`;
  return link;
}

async function make() {
  if (!window.isSecureContext) return say(words.insecure, true);
  try {
    made = await makeKeyFile(section.dataset.project);
  } catch {
    return say(words.failed, true);
  }
  part("fingerprint").textContent = made.fingerprint;
  part("make").hidden = true;
  part("steps").hidden = false;
  say("");
  offer().click();
  part("download").focus();
}

/* The file is read back from where it was kept: who can choose it has it. */
async function check(file) {
  form.elements.public_key.value = "";
  try {
    const key = await readKeyFile(file);
    if (key.fingerprint !== made.fingerprint) return say(words.otherKey, true);
    form.elements.public_key.value = made.public_key;
    form.elements.key_id.value = made.key_id;
    say(words.good);
  } catch {
    say(words.notKey, true);
  }
}

function ready() {
  part("submit").disabled = !(form.elements.public_key.value && form.elements.understood.checked);
}

part("make").hidden = false;
part("make").addEventListener("click", make);
part("file").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  if (file) await check(file);
  ready();
});
form.elements.understood.addEventListener("change", ready);
addEventListener("beforeunload", (event) => {
  if (made && !form.dataset.sent) event.preventDefault();
});
form.addEventListener("submit", () => {
  form.dataset.sent = "1";
  made = null;
});
