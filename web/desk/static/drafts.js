// Keeps what somebody writes in a field with data-draft="NAME" on this device,
// under the person's id and that name, until it was saved or thrown away.
import { t } from "./words.js";

const life = 14 * 24 * 3600 * 1000;
const key = (field) => `draft:${document.body.dataset.person}:${field.dataset.draft}`;

function restore(field) {
  if (field.dataset.restored) return;
  field.dataset.restored = "yes";
  let kept;
  try {
    kept = JSON.parse(localStorage.getItem(key(field)));
  } catch {
    kept = null;
  }
  if (!kept || kept.text === field.value || field.dataset.typed) return;
  if (kept.base !== field.defaultValue && field.defaultValue !== "") return; // the text was changed meanwhile
  field.value = kept.text;
  field.dispatchEvent(new CustomEvent("input", { bubbles: true, detail: { restored: true } }));
  tell(field, t("restored"), true);
}

function tell(field, text, offer) {
  const status = document.getElementById(field.dataset.draftStatus);
  if (!status) return;
  status.textContent = text;
  if (!offer) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  button.textContent = t("discard");
  button.addEventListener("click", () => {
    localStorage.removeItem(key(field));
    field.value = field.defaultValue;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    localStorage.removeItem(key(field));
    status.textContent = "";
    field.focus();
  });
  status.append(" ", button);
}

function keep(field) {
  if (!field.dataset.draft || !document.body.dataset.person) return;
  try {
    if (field.value.trim() === "" || field.value === field.defaultValue) localStorage.removeItem(key(field));
    else {
      localStorage.setItem(key(field), JSON.stringify({ text: field.value, base: field.defaultValue, at: Date.now() }));
      tell(field, t("saved"));
    }
  } catch {
    // The device keeps nothing; saving the draft on the server still works.
  }
}

// dropDrafts forgets the drafts of a form that was taken.
export function dropDrafts(form) {
  form.querySelectorAll("[data-draft]").forEach((field) => localStorage.removeItem(key(field)));
}

export function startDrafts() {
  for (const name of Object.keys(localStorage)) {
    if (!name.startsWith("draft:")) continue;
    try {
      if (Date.now() - JSON.parse(localStorage.getItem(name)).at > life) localStorage.removeItem(name);
    } catch {
      localStorage.removeItem(name);
    }
  }
  const all = () => document.querySelectorAll("[data-draft]").forEach(restore);
  all();
  document.addEventListener("desk:swapped", all);
  document.addEventListener("input", (event) => { if (event.target.matches?.("[data-draft]")) keep(event.target); });
}
