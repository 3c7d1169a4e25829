// The desk's modules, each in a file of its own. Every page works without them.
import { watchTimes } from "./times.js";
import { startZones } from "./zones.js";
import { startSwapping } from "./swap.js";
import { startDialogs } from "./dialogs.js";
import { startTabs } from "./tabs.js";
import { startKeys } from "./keys.js";
import { startLive } from "./live.js";
import { startFollowing } from "./follow.js";
import { startDrafts } from "./drafts.js";
import { startInbox } from "./inbox.js";
import { startComposer } from "./composer.js";
import { startPresence } from "./presence.js";

startSwapping();
startDialogs();
watchTimes();
startZones();
startTabs();
startInbox();
startComposer();
startDrafts(); // after those who look after what is restored
startKeys();
if (document.body.dataset.person) startPresence();
if (document.body.dataset.person) {
  startFollowing();
  // The modules of single pages come after this one, and miss what is told before they listen.
  addEventListener("DOMContentLoaded", startLive);
}

// The enrolment link carries its code behind the #, which no server sees.
const code = document.querySelector("[data-from-fragment]");
if (code && location.hash.length > 1) {
  code.value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
}
