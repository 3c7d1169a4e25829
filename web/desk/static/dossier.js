// The dossier prints itself.
const show = () => { document.querySelector("[data-print]").hidden = false; };

show();
document.addEventListener("desk:followed", show);
document.addEventListener("click", (event) => { if (event.target.closest?.("[data-print]")) print(); });
