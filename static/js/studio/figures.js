/* What one answer cost and how it went, in words; and what went wrong, with the action that helps. */

import { el } from "./dom.js";
import { data, money, number, seconds, t } from "./data.js";

/** A line of figures with the link to the receipt. */
export function figures(stats) {
  const cost = stats.free ? t("free") : stats.cost === undefined ? null : money(stats.cost);
  const parts = [
    ["cost", cost],
    ["tokens", stats.output === undefined ? null : t("tokens_io", { input: number(stats.input), output: number(stats.output) })],
    ["ttft", stats.ttft === undefined ? null : seconds(stats.ttft)],
    ["duration", stats.ms === undefined ? null : seconds(stats.ms)],
    ["rate", stats.rate ? t("per_second", { n: number(stats.rate, 1) }) : null],
    ["provider", stats.provider],
  ].filter(([, value]) => value !== null && value !== undefined);
  const list = el("dl", { class: "answer-figures", "data-figures": true });
  for (const [name, value] of parts) {
    list.append(el("div", { [`data-${name}`]: true }, el("dt", { text: t(name) }), el("dd", { text: value })));
  }
  if (stats.sandbox) list.append(el("div", {}, el("dd", {}, el("span", { class: "badge sandbox", text: t("sandbox") }))));
  if (stats.id) {
    const href = data.urls.receipt.replace(data.urls.any, stats.id);
    list.append(el("div", {}, el("dd", {}, el("a", { href, target: "_blank", text: t("receipt") }))));
  }
  return list;
}

/** The figures of a receipt, under the names that answers use. */
export function ofReceipt(found) {
  return {
    id: found.id,
    cost: found.cost_uzs,
    free: found.free,
    input: found.usage.input_tokens,
    output: found.usage.output_tokens,
    provider: found.endpoint?.provider ?? undefined,
    sandbox: found.sandbox,
  };
}

const WORDS = {
  insufficient_balance: ["error_balance", "topup"],
  free_quota_exceeded: ["error_free", "topup"],
  budget_exceeded: ["error_budget", "budgets"],
  rate_limit_exceeded: ["error_rate"],
  network: ["error_network"],
  signed_out: ["error_signed_out", "login"],
  role_not_allowed: ["error_role"],
  account_suspended: ["error_suspended"],
  model_not_found: ["error_model"],
  model_not_allowed: ["error_model_allowed"],
  no_endpoint: ["error_endpoint"],
  context_length_exceeded: ["error_context"],
  upstream_timeout: ["error_timeout"],
  request_too_large: ["error_large"],
};

/** An error as a person understands it, with the link or button that helps. */
export function failure(error, retry) {
  const [words, link] = WORDS[error.code] ?? [null, null];
  const box = el("div", { class: "notice error", "data-error": error.code || "unknown" });
  box.append(el("p", { text: words ? t(words) : error.message || t("error_unknown") }));
  const actions = el("p", { class: "actions" });
  if (link) actions.append(el("a", { class: "button small", href: data.urls[link], text: t(`go_${link}`) }));
  if (retry) actions.append(el("button", { type: "button", class: "button quiet small", onclick: retry, text: t("retry") }));
  if (!words && error.code) actions.append(el("code", { text: error.code }));
  box.append(actions);
  return box;
}
