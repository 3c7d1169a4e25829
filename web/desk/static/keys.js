// The table of shortcuts, from which the help dialog is drawn. A module adds
// its own with bind. Approving and publishing are never on one bare key.
import { t } from "./words.js";
import { openDialog } from "./dialogs.js";

const table = [];

// bind adds a shortcut: keys as "j" or "g i"; group and name are the words'
// keys "group.*" and "key.*"; run is called with the event, and returns false
// where there was nothing to do.
export function bind(keys, group, name, run) {
  table.push({ keys, group, name, run });
}

const goTo = (path) => () => location.assign(path);

bind("/", "go", "search", () => document.getElementById("search")?.focus());
bind("g i", "go", "inbox", goTo("/inbox"));
bind("g p", "go", "approvals", goTo("/approvals"));
bind("g u", "go", "audit", goTo("/audit"));
bind("g s", "go", "settings", goTo("/settings/me"));
bind("?", "go", "help", () => { draw(); openDialog("help-dialog"); });

// Shown in the help; the composer and the browser act on them.
export const shownOnly = [
  { keys: "Ctrl+Enter", group: "write", name: "submit" },
  { keys: "Esc", group: "write", name: "leave" },
];

function draw() {
  const all = [...table, ...shownOnly];
  const root = document.getElementById("help-keys");
  root.replaceChildren();
  for (const group of new Set(all.map((row) => row.group))) {
    const section = document.createElement("section");
    const title = document.createElement("h3");
    title.textContent = t(`group.${group}`);
    const rows = document.createElement("dl");
    for (const row of all.filter((one) => one.group === group)) {
      const keys = document.createElement("dt");
      row.keys.split(" ").forEach((key, i) => {
        if (i) keys.append(` ${t("then")} `);
        const cap = document.createElement("kbd");
        cap.textContent = key;
        keys.append(cap);
      });
      const what = document.createElement("dd");
      what.textContent = t(`key.${row.name}`);
      rows.append(keys, what);
    }
    section.append(title, rows);
    root.append(section);
  }
}

const typing = (el) => el?.closest?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");

export function startKeys() {
  document.querySelectorAll("[data-help]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => { draw(); openDialog("help-dialog"); });
  });
  let pending = "";
  let timer;
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && typing(event.target) && !event.target.closest("dialog")) event.target.blur();
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (typing(event.target) || document.querySelector("dialog[open]")) return;
    const pressed = pending ? `${pending} ${event.key}` : event.key;
    clearTimeout(timer);
    pending = "";
    const hit = table.find((row) => row.keys === pressed);
    if (hit) {
      if (hit.run(event) !== false) event.preventDefault();
      return;
    }
    if (table.some((row) => row.keys.startsWith(`${pressed} `))) {
      pending = pressed;
      timer = setTimeout(() => { pending = ""; }, 1500);
    }
  });
}
