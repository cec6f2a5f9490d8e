// What saves a key stroke. Without it every page works the same: each action is a form or a link.
document.documentElement.classList.add("js");

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button.copy");
  if (!button) return;
  const said = button.textContent;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Press Ctrl+C";
    const text = button.parentElement.querySelector("code, pre");
    getSelection().selectAllChildren(text);
  }
  setTimeout(() => { button.textContent = said; }, 1500);
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const search = document.getElementById("search");
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  }
  if (event.key === "Escape") {
    document.querySelectorAll("details.account[open], details.actions[open]").forEach((each) => {
      each.open = false;
      each.querySelector("summary").focus();
    });
  }
});

// One menu at a time, and none that stays open behind what is clicked.
document.addEventListener("click", (event) => {
  document.querySelectorAll("details.account[open], details.actions[open]").forEach((each) => {
    if (!each.contains(event.target)) each.open = false;
  });
});

// What was pasted is not left in a page that somebody comes back to.
addEventListener("pagehide", () => {
  document.querySelectorAll("[data-forget]").forEach((each) => { each.value = ""; });
});
