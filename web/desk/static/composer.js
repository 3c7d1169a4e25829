// While an answer is written: the platform's own length, findings and hidden
// characters come from the server, a moment after the last key, and colleagues
// see that somebody is typing. Ctrl+Enter submits for approval.
import { dropDrafts } from "./drafts.js";

const waiting = new WeakMap();

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

function entry(finding) {
  const row = document.createElement("li");
  const words = document.createElement("span");
  const title = document.createElement("strong");
  title.textContent = finding.code === "hidden" ? `${finding.at}: ${finding.title}` : finding.title;
  words.append(title, " ");
  if (finding.excerpt) {
    const excerpt = document.createElement("q");
    excerpt.textContent = finding.excerpt;
    words.append(excerpt, " ");
  }
  words.append(finding.why);
  row.className = finding.code === "hidden" ? "finding bad" : "finding";
  row.append(icon(finding.code === "hidden" ? "alert" : "info"), words);
  return row;
}

function tell(form, got) {
  const length = form.querySelector("#length");
  length.querySelector("#length-now").textContent = got.length;
  length.classList.toggle("near", got.limit > 0 && got.length > got.limit * 0.9 && got.length <= got.limit);
  length.classList.toggle("over", got.limit > 0 && got.length > got.limit);
  const price = form.querySelector("#price");
  if (price.textContent.trim() !== got.price) price.replaceChildren(...(got.price ? [icon("coin"), ` ${got.price}`] : []));
  const list = form.querySelector("#findings");
  const rows = [...got.hidden, ...got.findings].map(entry);
  const key = rows.map((row) => row.textContent).join("\n");
  if (list.dataset.key !== key) {
    list.dataset.key = key;
    list.replaceChildren(...rows);
  }
  const text = form.querySelector("textarea");
  text.ariaInvalid = got.hidden.length > 0 || (got.limit > 0 && got.length > got.limit) ? "true" : null;
}

function stopMeasuring(form) {
  const before = waiting.get(form);
  if (!before) return;
  clearTimeout(before.timer);
  before.abort.abort();
}

function measure(form, typing) {
  stopMeasuring(form);
  const abort = new AbortController();
  const timer = setTimeout(async () => {
    try {
      const answer = await fetch(form.dataset.measure, {
        method: "POST", body: new URLSearchParams({ text: form.querySelector("textarea").value, typing: typing ? "yes" : "no" }), signal: abort.signal,
      });
      if (answer.ok && form.isConnected) tell(form, await answer.json());
    } catch {
      // Offline or overtaken by the next key: the server checks again when it is saved.
    }
  }, 250);
  waiting.set(form, { timer, abort });
}

export function startComposer() {
  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("form[data-measure]");
    if (form && event.target.matches("textarea")) measure(form, !event.detail?.restored);
  });
  // What is handed in is no longer being typed.
  document.addEventListener("submit", (event) => stopMeasuring(event.target), { capture: true });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    const form = event.target.closest?.("form.composer, form.note-form");
    if (!form) return;
    event.preventDefault();
    form.requestSubmit(form.querySelector("#submit") ?? form.querySelector("button[type=submit]"));
  });
  // A form that the server took is swapped away and its kept drafts go with it.
  document.addEventListener("desk:taken", (event) => dropDrafts(event.detail.form));
}
