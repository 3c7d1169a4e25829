// How the accounts fare changes without an entry in the log, so the page asks
// again now and then; never while somebody is at a form of it.
import { peek, take, takeFrame } from "./swap.js";
import { whenChanged } from "./live.js";

async function refresh() {
  const pane = document.getElementById("accounts");
  if (document.hidden || !pane || pane.contains(document.activeElement) || pane.querySelector("details[open], output, .trouble")) return;
  const got = await peek("/settings/accounts");
  if (!got.ok) return;
  take(got.page, ["accounts"]);
  takeFrame(got.page, false);
}

setInterval(() => refresh().catch(() => {}), 15_000);
whenChanged((change) => change.kind.startsWith("account."), refresh);
