/*
 * The comfort of the builder, by attribute. Every gesture is a form and every view a link, so the
 * builder works without this; htmx sends them one after another and morphs `#builder`.
 *
 *   data-step="id"              a step; its first link has the id `open-<id>`
 *   form data-keys="Alt+ArrowUp …"  is sent by these keys; Mod is Ctrl, on a Mac also Cmd
 *   input data-here             is given the id of the step the focus is in, before that
 *   form data-sends="change"    is sent when a field of it changed; "input": while somebody types
 *   data-picker                 a list with a search, gone through by ↑ and ↓
 *   data-picker-link="id"       a field whose picker this link opens: by Ctrl+Space, or / at the start
 *   data-into="id"              a picker whose values are written into this text, as [name]
 *   data-focus="id"             on `#said`: the step that takes the focus after a gesture
 *   data-closes, data-closes-picker  what Escape presses: a picker first, then the panel
 *   data-behind-panel           what a panel that covers the screen shuts off
 *   data-part, data-held        a part of the page, and what it shows: gestures tell the server that,
 *                               which draws only what differs; a form that is one asks for the page
 *   <ws-kept for="id">          in an answer: this element as it is; <ti-name>: the drawing of that name
 *
 * Gestures that do not arrive are the matter of unsaved.js, which knows its requests by `isOfBuilder`.
 */

const builder = () => document.getElementById("builder");
const isInBuilder = (el) => Boolean(el.closest?.("#builder, #tools"));
const isField = (el) => el.matches?.("input:not([type=hidden]), textarea, select");

/* ---- Requests ---- One after another, whatever they came from. */
let underWay = 0;

addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  const el = ctx.sourceElement;
  if (!isInBuilder(el)) return;
  clearTimeout(typed); // who goes on does not search any more
  underWay += 1;
  ctx.isOfBuilder = true;
  delete ctx.request.anchor; // for pages without script: here nobody is taken away from where they look
  ctx.focusedId = document.activeElement?.id;
  ctx.sourceElement = builder(); // it stays, so one queue holds them all, whatever a swap removes
  if (el.matches("#pick-form, #condition-form, #condition form")) saySeen(ctx.request.body);
  if (el.matches("#condition form")) sayWhose(ctx.request.body);
  if (ctx.request.method !== "GET") return;
  if (el.matches("form[data-part]")) stay(ctx.request.body);
  if (!ctx.replace) ctx.push ??= "true"; // as for links that are boosted
});

/* What is open by now: a part that was not drawn anew may say what was open then. */
function stay(body) {
  for (const name of ["step", "field", "pick", "q", "function", "owner", "list", "after", "on"]) body.delete(name);
  const open = new URLSearchParams(location.search);
  for (const name of ["step", "field"]) if (open.has(name)) body.set(name, open.get(name));
}

/* As the panel shows the step by now: parts that were not drawn anew may say what it was before. */
function saySeen(body) {
  const seen = document.getElementById("panel-seen");
  if (seen) body.set("seen", seen.value);
}

/* What the forms of a condition have in common stands in one of them. */
function sayWhose(body) {
  const { elements } = document.getElementById("condition-form");
  for (const name of ["step", "field"]) body.set(name, elements[name].value);
}

/* What is held when it is sent: the one before changed the page. */
addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (!ctx.isOfBuilder || ctx.request.method === "GET") return;
  const parts = [...document.querySelectorAll("[data-part]")];
  ctx.request.body.set("held", parts.map(({ dataset }) => `${dataset.part} ${dataset.held}`).join("\n"));
});

/* Drawings come by their names: `<ti-name>`, or with another class `<ti-name class>`. */
const drawings = document.querySelector("svg.ti use").getAttribute("href").split("#")[0];

addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
  ctx.text = ctx.text?.replace(/<ti-(([\w-]+)[^>]*)>/g, (_, names, name) => {
    return `<svg class="ti ti-${names}" aria-hidden="true"><use href="${drawings}#${name}"></use></svg>`;
  });
});

/* A part that stays as it is comes by its name, wherever it stands by now; it took its focus before. */
addEventListener("htmx:before:swap", ({ detail: { tasks } }) => {
  for (const kept of tasks.flatMap(({ fragment }) => [...fragment.querySelectorAll("ws-kept")])) {
    const copy = document.getElementById(kept.getAttribute("for"))?.cloneNode(true);
    for (const el of copy?.querySelectorAll("[autofocus]") ?? []) el.removeAttribute("autofocus");
    kept.replaceWith(copy ?? "");
  }
});

addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  if (!ctx.isOfBuilder) return;
  underWay -= 1;
  queueMicrotask(goOn); // after htmx began with the next of its own
});

function goOn() {
  pressNext();
  if (leaving && !isBusy()) leaving();
}

function isBusy() {
  return underWay > 0 || presses.length > 0 || changed !== null;
}

/* ---- Leaving ---- What was done before is done first, so that the page that follows knows it. */
let leaving = null;

document.addEventListener("click", (event) => {
  const way = event.target.closest("#builder a[hx-boost=false], #tools a[hx-boost=false]");
  const isElsewhere = event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0;
  if (way && !isElsewhere) waitBefore(event, () => way.click());
});

document.addEventListener("submit", (event) => {
  const { target, submitter } = event;
  if (target.matches("#builder form[hx-boost=false]")) waitBefore(event, () => target.requestSubmit(submitter));
});

function waitBefore(event, leave) {
  if (!isBusy()) return;
  event.preventDefault();
  leaving = () => {
    leaving = null;
    leave();
  };
}

/* ---- Keys ---- A press waits until the answer before is there. It is for the step the focus was in;
   of several presses in one place the next is for the step the one before led to. */
const REPEATED = ["Alt+ArrowUp", "Alt+ArrowDown"];
const presses = [];
let pressedIn = "";

document.addEventListener("keydown", (event) => {
  const { target } = event;
  if (event.defaultPrevented || event.isComposing) return;
  if (!isInBuilder(target) && target !== document.body) return;
  const keys = keysOf(event);
  if (closes(keys, target) || goesThroughPicker(keys, target) || opensPicker(keys, target)) {
    event.preventDefault();
  } else if (!isField(target) && formOf(keys) && !isCopyingWords(keys)) {
    event.preventDefault();
    if (event.repeat && (presses.length > 0 || !REPEATED.includes(keys))) return;
    const step = stepOf(target);
    presses.push({ keys, step, isNext: isBusy() && step === pressedIn });
    pressedIn = step;
    pressNext();
  }
});

function keysOf({ key, ctrlKey, metaKey, altKey, shiftKey }) {
  const held = { Mod: ctrlKey || metaKey, Alt: altKey, Shift: shiftKey };
  const names = Object.keys(held).filter((name) => held[name]);
  return [...names, key.length === 1 ? key.toUpperCase() : key].join("+");
}

function formOf(keys) {
  const forms = builder()?.querySelectorAll("form[data-keys]") ?? [];
  return [...forms].find((form) => form.dataset.keys.split(" ").includes(keys));
}

/* Somebody who marked words wants those, and not the step they stand in. */
function isCopyingWords(keys) {
  return ["Mod+C", "Mod+X"].includes(keys) && !getSelection().isCollapsed;
}

function stepOf(el) {
  return el?.closest?.("[data-step]")?.dataset.step ?? "";
}

function pressNext() {
  while (underWay === 0 && presses.length > 0) {
    const { keys, step, isNext } = presses.shift();
    const form = formOf(keys);
    const isThere = !isNext && step && document.getElementById(`step-${step}`);
    if (form) press(form, isThere ? step : stepOf(document.activeElement));
  }
}

function press(form, step) {
  const here = form.querySelectorAll("[data-here]");
  const button = form.querySelector("button");
  if ((here.length > 0 && !step) || button?.matches(":disabled, [aria-disabled=true]")) return;
  for (const field of here) field.value = step;
  form.requestSubmit(button);
}

/* ---- Pickers and the panel ---- */
function closes(keys, target) {
  if (keys !== "Escape" || document.querySelector("dialog[open], :popover-open")) return false;
  const ways = ["[data-closes-picker]", "[data-closes]"].map((way) => builder()?.querySelector(way));
  const way = ways.find(Boolean);
  if (way && isUnsent(target)) target.form.requestSubmit();
  way?.click();
  return Boolean(way);
}

/* Typed, and not left yet: no change was told. */
function isUnsent({ form, value, defaultValue }) {
  return form?.dataset.sends === "change" && defaultValue !== undefined && value !== defaultValue;
}

function goesThroughPicker(keys, target) {
  const picker = target.closest("[data-picker]");
  if (!picker || !["ArrowUp", "ArrowDown"].includes(keys)) return false;
  const places = [...picker.querySelectorAll("input[type=search], .ws-option")];
  const next = places.indexOf(target) + (keys === "ArrowDown" ? 1 : -1);
  places[next]?.focus();
  return true;
}

function opensPicker(keys, target) {
  const { pickerLink } = target.dataset;
  if (!pickerLink || !(keys === "Mod+ " || (keys === "/" && target.value === ""))) return false;
  document.getElementById(pickerLink)?.click();
  leaveTrail(target.id);
  return true;
}

/* A panel over the whole screen: what lies behind it takes no focus. */
function coversScreen(panel) {
  return Boolean(panel) && getComputedStyle(panel).position === "fixed" && panel.offsetHeight > 0;
}

function shutBehindPanel() {
  const covers = coversScreen(document.getElementById("panel"));
  for (const el of document.querySelectorAll("[data-behind-panel]")) el.inert = covers;
}

addEventListener("resize", shutBehindPanel);
shutBehindPanel();

/* A picker opens in view, and in it what its field holds. */
function showPicker() {
  const list = document.getElementById("picker-scroll");
  if (!list || list.dataset.isShown) return;
  list.dataset.isShown = "true";
  document.getElementById("picker").scrollIntoView({ block: "nearest" });
  const chosen = list.querySelector("[aria-current]");
  if (!chosen) return;
  const above = chosen.getBoundingClientRect().top - list.getBoundingClientRect().top;
  list.scrollTop += above - (list.clientHeight - chosen.offsetHeight) / 2;
}

showPicker();

/* ---- Forms that send themselves ---- */
const TYPED_MS = 250;
let typed = null;
let changed = null;

/* Enter changes a field and sends its form: once is enough. */
document.addEventListener("change", ({ target: { form } }) => {
  if (form?.dataset.sends !== "change") return;
  clearTimeout(changed);
  changed = setTimeout(() => {
    changed = null;
    if (form.isConnected) form.requestSubmit();
  });
});

document.addEventListener("submit", ({ target }) => {
  if (target.dataset.sends !== "change") return;
  clearTimeout(changed);
  changed = null;
});

document.addEventListener("input", ({ target: { form } }) => {
  if (form?.dataset.sends !== "input") return;
  clearTimeout(typed);
  typed = setTimeout(() => form.isConnected && form.requestSubmit(), TYPED_MS);
});

/* ---- Data into a text ---- At the place somebody left; the server would put it at the end. Tab
   marks all of a field it comes through: that is no place, and nothing to be written over. */
let left = null;

document.addEventListener("focusout", ({ target }) => {
  if (target.dataset?.pickerLink && target.setRangeText) left = target;
});

document.addEventListener("click", (event) => {
  const option = event.target.closest("[data-into] .ws-option[name=name]");
  const field = document.getElementById(option?.closest("[data-into]").dataset.into);
  if (!field?.setRangeText) return;
  event.preventDefault();
  const end = field.value.length;
  const isAllMarked = field.selectionStart === 0 && field.selectionEnd === end;
  if (field !== left || isAllMarked) field.setSelectionRange(end, end);
  field.setRangeText(`[${option.value}]`, field.selectionStart, field.selectionEnd, "end");
  field.form.requestSubmit();
  option.closest("[data-picker]").querySelector("[data-closes-picker]")?.click();
  field.focus();
});

/* ---- Focus ---- It stays where somebody is, goes along into what they opened, and comes back from
   there; a new place that the server chose goes before. */
const LONGEST_TRAIL = 20;
const trail = [];
let before = null;

document.addEventListener("click", ({ target }) => {
  const { id } = target.closest("a, button") ?? {};
  if (id && isInBuilder(target)) leaveTrail(id);
});

function leaveTrail(id) {
  trail.push(id);
  if (trail.length > LONGEST_TRAIL) trail.shift();
}

addEventListener("htmx:before:swap", () => {
  const el = document.activeElement;
  before = el?.id && isInBuilder(el) ? placeOf(el) : null;
  saidBefore = sentence();
});

function placeOf(el) {
  const row = el.id.startsWith("remove-") ? el.closest(".ws-cond") : null;
  const beside = [
    row?.previousElementSibling?.querySelector("[id^=remove-]"),
    row?.parentElement.parentElement.querySelector(":scope > .ws-add-rows button"),
  ];
  return {
    id: el.id,
    step: stepOf(el),
    isField: isField(el),
    rows: el.closest(".ws-add-rows") ? rows().map(({ id }) => id) : null,
    beside: beside.filter(Boolean).map(({ id }) => id),
  };
}

const rows = () => [...document.querySelectorAll("#condition .ws-cond")];

addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  shutBehindPanel();
  showPicker();
  if (ctx.isOfBuilder && ctx.request.method !== "GET") sayAgain();
  if (before && !ctx.fold) keepFocus(ctx);
});

function keepFocus({ request, focusedId }) {
  const now = document.activeElement;
  const el = document.getElementById(before.id);
  if (chosen() && !takesFocus(chosen())) leaveTrail(chosen().id); // behind the panel, for afterwards
  if (newRow()) newRow().focus();
  else if (el && el !== now && staysAt(el, now)) el.focus({ preventScroll: true });
  else if (before.id === focusedId && takesFocus(chosen()) && stepOf(chosen()) !== stepOf(now)) chosen().focus();
  else if (!now?.closest("#panel") && asksForPart(request)) openPart()?.focus();
  else if (!now || now === document.body) (wayBack() ?? openPart())?.focus();
}

/* What is chosen first in a row of a condition that came by a press. */
function newRow() {
  const row = before.rows && rows().findLast(({ id }) => !before.rows.includes(id));
  return row?.querySelector("a, select, input:not([type=hidden])");
}

/* The step the server chose: its row may be one that was not drawn anew. */
function chosen() {
  const { focus } = document.getElementById("said")?.dataset ?? {};
  return focus ? document.getElementById(`open-${focus}`) : null;
}

function staysAt(el, now) {
  const isSameStep = before.step !== "" && before.step === stepOf(now);
  return takesFocus(el) && (isSameStep || (before.isField && el.closest("#panel") !== null));
}

/* A link to a part of the panel. */
function asksForPart({ method, action }) {
  return method === "GET" && new URL(action, location.href).searchParams.has("field");
}

function openPart() {
  const name = new URLSearchParams(location.search).get("field");
  const parts = [`#${CSS.escape(`field-${name}`)}`, "#condition :is(a, button)", "#panel :is(a, input)"];
  return parts.map((part) => document.querySelector(part)).find(takesFocus);
}

function wayBack() {
  const ids = [...before.beside, ...trail.toReversed(), `open-${before.step}`, "open-start"];
  return ids.map((id) => document.getElementById(id)).find(takesFocus);
}

function takesFocus(el) {
  return el?.checkVisibility() && !el.closest("[inert]") && !el.disabled;
}

/* ---- Said ---- The same sentence twice is nothing new to those who listen, unless it is put there anew. */
let saidBefore = "";

const sentence = () => document.getElementById("said")?.textContent.trim() ?? "";

function sayAgain() {
  const said = document.getElementById("said");
  if (said && sentence() !== "" && sentence() === saidBefore) said.replaceChildren(...said.cloneNode(true).childNodes);
}
