// Rows of tabs that are wider than a telephone: the one that is open is in sight.
const faded = 28; // pixels at the end of the row that fade out, as the style sheet has it

function show() {
  for (const tab of document.querySelectorAll(":is(.tabs, .subnav, .views) [aria-current]")) {
    const row = tab.closest(".tabs, .subnav, .views");
    const sight = row.getBoundingClientRect(), at = tab.getBoundingClientRect();
    if (row.scrollWidth <= row.clientWidth) continue;
    // To where the row comes to rest by itself, or it would move on.
    if (at.left < sight.left || at.right > sight.right - faded) row.scrollLeft += at.left - sight.left - faded;
  }
}

export function startTabs() {
  show();
  document.addEventListener("desk:swapped", show);
}
