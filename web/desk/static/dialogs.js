// Dialogs and menus. A link with data-dialog="ID" opens the dialog instead of
// the page that it leads to without JavaScript.
export function openDialog(id) {
  const dialog = document.getElementById(id);
  if (!dialog || dialog.open) return;
  dialog.showModal();
  dialog.querySelector("[autofocus], textarea, input:not([type=hidden]), select, button")?.focus();
}

export function startDialogs() {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest?.("[data-dialog]");
    if (opener && document.getElementById(opener.dataset.dialog)) {
      event.preventDefault();
      openDialog(opener.dataset.dialog);
    }
    const dialog = event.target.closest?.("dialog");
    if (dialog && (event.target.closest("[data-close]") || event.target === dialog)) dialog.close();
    document.querySelectorAll("details[data-menu][open]").forEach((menu) => {
      if (!menu.contains(event.target) || event.target.closest("a, button[type=submit]")) menu.open = false;
    });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    document.querySelectorAll("details[data-menu][open]").forEach((menu) => {
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  });
}
