/* Keys and records of the sealed content log, after docs/log-encryption.md. No page in here: what it needs comes in,
   what it finds goes out. Private keys are held as the browser's own, which no script can read back, where the
   browser knows the curve; else by the portable curve, for as long as the page is open. */

import { Aes128Gcm, CipherSuite, HkdfSha256, NativeX25519, PortableX25519 } from "../vendor/hpke/hpke.js";

const KEY_FORMAT = "cloudapi-log-key-v1";
const RECORD_FORMAT = "cloudapi-log-v1";
const FILE_BYTES_MAX = 10_000;
const [ENC, WRAPPED, NONCE] = [32, 32, 12]; // bytes, in this order
const CURVE = { name: "X25519" };

const utf8 = new TextEncoder();
const ascii = (text) => utf8.encode(text);

/* Why something doesn't open; `code` is the word that the page explains. */
export class LogKeyError extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

export function fromBase64(text) {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
}

function toBase64url(bytes) {
  const plain = btoa(String.fromCharCode(...new Uint8Array(bytes)));
  return plain.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const toHex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

async function fingerprintOf(publicKey) {
  return toHex(await crypto.subtle.digest("SHA-256", publicKey));
}

/* Whether the browser itself knows the curve; it then keeps keys that no script can read. */
async function knowsCurve() {
  try {
    await crypto.subtle.importKey("raw", new Uint8Array(32).fill(9), CURVE, true, []);
    return true;
  } catch {
    return false;
  }
}

const suite = (native) =>
  new CipherSuite({ kem: native ? new NativeX25519() : new PortableX25519(), kdf: new HkdfSha256(), aead: new Aes128Gcm() });

/* A pair as raw bytes, for the file. */
async function newPair() {
  if (await knowsCurve()) {
    const pair = await crypto.subtle.generateKey(CURVE, true, ["deriveBits"]);
    const { x, d } = await crypto.subtle.exportKey("jwk", pair.privateKey);
    return [fromBase64(x), fromBase64(d)];
  }
  const kem = new PortableX25519();
  const pair = await kem.generateKeyPair();
  const raw = await Promise.all([kem.serializePublicKey(pair.publicKey), kem.serializePrivateKey(pair.privateKey)]);
  return raw.map((bytes) => new Uint8Array(bytes));
}

/* A new key's file, as text, and what the server may know of it. */
export async function makeKeyFile(project) {
  const [publicKey, privateKey] = await newPair();
  const file = {
    v: KEY_FORMAT,
    key_id: `lk_${crypto.randomUUID().replaceAll("-", "")}`,
    project,
    fingerprint: await fingerprintOf(publicKey),
    public_key: toBase64url(publicKey),
    private_key: toBase64url(privateKey),
  };
  const { private_key: _, ...told } = file;
  return { text: `${JSON.stringify(file, null, 2)}\n`, ...told };
}

function parsed(text) {
  try {
    const file = JSON.parse(text);
    if (file.v !== KEY_FORMAT) throw new LogKeyError("notKey");
    const halves = [fromBase64(file.public_key), fromBase64(file.private_key)];
    if (halves.some((half) => half.length !== 32)) throw new LogKeyError("notKey");
    return [file, ...halves];
  } catch {
    throw new LogKeyError("notKey");
  }
}

/* The curve's own keys, the private one out of every script's reach where the browser can. */
async function imported(publicKey, privateKey) {
  const native = await knowsCurve();
  const kem = native ? new NativeX25519() : new PortableX25519();
  if (!native) {
    const both = [kem.importKey("raw", publicKey.buffer, true), kem.importKey("raw", privateKey.buffer, false)];
    const [open, secret] = await Promise.all(both);
    return { native, pair: { publicKey: open, privateKey: secret } };
  }
  const jwk = { kty: "OKP", crv: CURVE.name, x: toBase64url(publicKey), d: toBase64url(privateKey) };
  const [open, secret] = await Promise.all([
    crypto.subtle.importKey("raw", publicKey, CURVE, true, []),
    crypto.subtle.importKey("jwk", jwk, CURVE, false, ["deriveBits"]),
  ]);
  return { native, pair: { publicKey: open, privateKey: secret } };
}

/* A key out of its file: it opens what its public half seals, or it is none. */
export async function readKeyFile(file) {
  if (file.size > FILE_BYTES_MAX) throw new LogKeyError("notKey");
  const [said, publicKey, privateKey] = parsed(await file.text());
  const fingerprint = await fingerprintOf(publicKey);
  if (fingerprint !== said.fingerprint) throw new LogKeyError("notKey");
  try {
    const key = { project: said.project, keyId: said.key_id, fingerprint, ...(await imported(publicKey, privateKey)) };
    await tried(key);
    return key;
  } catch {
    throw new LogKeyError("notKey");
  }
}

async function tried({ native, pair }) {
  const info = ascii("a key that fits");
  const sealed = await suite(native).seal({ recipientPublicKey: pair.publicKey, info }, info);
  await suite(native).open({ recipientKey: pair, enc: sealed.enc, info }, sealed.ct);
}

/* What a record says, in clear. Throws LogKeyError: `otherProject`, `otherKey`, `tampered`. */
export async function openRecord(record, key, keys) {
  if (record.project !== key.project) throw new LogKeyError("otherProject");
  if (keys[record.key_id] !== key.fingerprint) throw new LogKeyError("otherKey");
  try {
    if (record.v !== RECORD_FORMAT) throw new LogKeyError("tampered");
    return split(await unsealed(record, key));
  } catch {
    throw new LogKeyError("tampered");
  }
}

async function unsealed(record, { native, pair }) {
  const sealed = fromBase64(record.sealed);
  const [nonceAt, bodyAt] = [ENC + WRAPPED, ENC + WRAPPED + NONCE];
  const info = ascii(`${RECORD_FORMAT}|${record.project}|${record.key_id}`);
  const recipient = { recipientKey: pair, enc: sealed.slice(0, ENC).buffer, info };
  const raw = await suite(native).open(recipient, sealed.slice(ENC, nonceAt).buffer);
  const contentKey = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["decrypt"]);
  const { project, request_id: call, time, key_id: keyId } = record;
  const additionalData = ascii([RECORD_FORMAT, project, call, time, keyId].join("|"));
  const how = { name: "AES-GCM", iv: sealed.slice(nonceAt, bodyAt), additionalData };
  return new Uint8Array(await crypto.subtle.decrypt(how, contentKey, sealed.slice(bodyAt)));
}

/* A line of JSON, then both bodies. */
function split(content) {
  const end = content.indexOf(10);
  const head = JSON.parse(new TextDecoder().decode(content.subarray(0, end)));
  const requestAt = end + 1;
  const responseAt = requestAt + head.request.kept;
  return {
    status: head.status,
    request: { ...head.request, bytes: content.slice(requestAt, responseAt) },
    response: { ...head.response, bytes: content.slice(responseAt, responseAt + head.response.kept) },
  };
}
