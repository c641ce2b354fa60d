/*
 * What every page does in the browser, by attribute. Pages work without it; this is the comfort.
 *
 *   data-copy="text"            a button copies the text and says so
 *   command="show-modal"        opens the <dialog> its commandfor names; "close" closes it
 *   data-dismiss                closes the toast it stands in
 *   data-narrows="id"           a search field, shown by this script, hides in the list of that id
 *                               what has none of its words in data-narrowed
 *
 * Beside these: focus is kept over htmx swaps, toasts leave by themselves, a broken line is told.
 */

/* ---- Focus ---- Moving an element drops its focus in browsers without moveBefore. */
let kept = null;

addEventListener("htmx:before:swap", () => {
  const el = document.activeElement;
  kept = el?.id ? { id: el.id, start: el.selectionStart, end: el.selectionEnd } : null;
});

addEventListener("htmx:after:swap", () => {
  if (!kept || document.activeElement?.id === kept.id) return;
  if (document.activeElement?.matches("[autofocus]")) return; // the server chose a place
  const el = document.getElementById(kept.id);
  el?.focus({ preventScroll: true });
  if (el && kept.start != null) el.setSelectionRange?.(kept.start, kept.end);
});

/* ---- Toasts ---- One leaves after ten seconds, unless somebody points at it or is in it. */
const TOAST_MS = 10_000;
const toasts = document.getElementById("toasts");

function letGo(toast) {
  setTimeout(() => {
    if (toast.matches(":hover, :focus-within")) letGo(toast);
    else toast.remove();
  }, TOAST_MS);
}

if (toasts) {
  for (const toast of toasts.children) letGo(toast);
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      for (const node of addedNodes) if (node.nodeType === Node.ELEMENT_NODE) letGo(node);
    }
  }).observe(toasts, { childList: true });
}

/* ---- A line that broke ---- htmx:error without a response: nothing came back at all. */
addEventListener("htmx:error", ({ detail }) => {
  const words = document.getElementById("line-broke");
  if (!detail.ctx || detail.ctx.response || document.getElementById("toast-line-broke")) return;
  if (words) toasts?.append(words.content.cloneNode(true));
});

/* ---- Buttons ---- */
const COPIED_MS = 2_000;

async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    return select(button.closest(".ws-copy")?.querySelector("code")); // not https, or not allowed
  }
  const words = button.querySelector("[data-copy-words]");
  if (!words || words.dataset.before) return;
  words.dataset.before = words.textContent;
  words.textContent = "Copied";
  setTimeout(() => {
    words.textContent = words.dataset.before;
    delete words.dataset.before;
  }, COPIED_MS);
}

/* The second best: mark the text, so that one key press copies it. */
function select(el) {
  if (el) getSelection()?.selectAllChildren(el);
}

/* Browsers before 2025 do not know command and commandfor on buttons. */
function runCommand(button) {
  const dialog = document.getElementById(button.getAttribute("commandfor"));
  if (button.getAttribute("command") === "show-modal") dialog?.showModal();
  else dialog?.close();
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest("button");
  if (!button) return;
  if ("copy" in button.dataset) copy(button);
  if ("dismiss" in button.dataset) button.closest(".ws-toast")?.remove();
  if (button.hasAttribute("commandfor") && !("commandForElement" in button)) runCommand(button);
});

/* A dialog that was opened from a menu gives the focus to a place that is hidden by then. */
document.addEventListener(
  "close",
  ({ target }) => {
    const focused = document.activeElement;
    if (target.localName !== "dialog" || (focused !== document.body && !target.contains(focused))) return;
    const menu = document.querySelector(`[popover] [commandfor="${CSS.escape(target.id)}"]`)?.closest("[popover]");
    if (menu) document.querySelector(`[popovertarget="${CSS.escape(menu.id)}"]`)?.focus();
  },
  true,
);

/* ---- Narrowing a list ---- */
function narrow(list, words) {
  for (const el of list.querySelectorAll("[data-narrowed]")) {
    el.hidden = !words.every((word) => el.dataset.narrowed.includes(word));
  }
  for (const el of list.querySelectorAll("[data-group]")) {
    el.hidden = !el.querySelector("[data-narrowed]:not([hidden])");
  }
}

for (const box of document.querySelectorAll("[data-narrows]")) {
  const list = document.getElementById(box.dataset.narrows);
  box.hidden = false;
  box.addEventListener("input", ({ target }) => {
    narrow(list, target.value.toLowerCase().split(/\s+/).filter(Boolean));
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault(); // it finds, it does not send the form
  });
}
