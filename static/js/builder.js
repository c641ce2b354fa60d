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
 *   data-closes, data-closes-picker  what Escape presses
 *   data-behind-panel           what a panel that covers the screen shuts off
 *   data-part, data-held        a part of the page, and what it shows: gestures tell the server that,
 *                               which draws only what differs; a form that is one asks for the page
 *   data-saved, data-unsaved    what is said of the draft while all is saved, and while it is not
 */

const builder = () => document.getElementById("builder");
const isInBuilder = (el) => Boolean(el.closest?.("#builder, #tools"));
const isField = (el) => el.matches?.("input:not([type=hidden]), textarea, select");

/* ---- Keys ---- A press waits until the answer before is there: it means what is seen then. */
const REPEATED = ["Alt+ArrowUp", "Alt+ArrowDown"];
const presses = [];
let isUnderWay = false;

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
    presses.push({ keys, step: stepOf(target) });
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
  if (isUnderWay || presses.length === 0) return;
  const { keys, step } = presses.shift();
  const form = formOf(keys);
  const isThere = step && document.getElementById(`step-${step}`);
  if (form) press(form, isThere ? step : stepOf(document.activeElement));
  if (!isUnderWay) pressNext();
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
  const picker = target.closest("[data-picker]");
  const way = picker?.querySelector("[data-closes-picker]") ?? builder()?.querySelector("[data-closes]");
  way?.click();
  return Boolean(way);
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
function shutBehindPanel() {
  const panel = document.getElementById("panel");
  const covers = Boolean(panel) && getComputedStyle(panel).position === "fixed" && panel.offsetHeight > 0;
  for (const el of document.querySelectorAll("[data-behind-panel]")) el.inert = covers;
}

addEventListener("resize", shutBehindPanel);
shutBehindPanel();

/* ---- Forms that send themselves ---- */
const TYPED_MS = 250;
let typed = null;
let changed = null;

/* Enter changes a field and sends its form: once is enough. */
document.addEventListener("change", ({ target: { form } }) => {
  if (form?.dataset.sends === "change") changed = setTimeout(() => form.requestSubmit());
});

document.addEventListener("submit", () => clearTimeout(changed));

document.addEventListener("input", ({ target: { form } }) => {
  if (form?.dataset.sends !== "input") return;
  clearTimeout(typed);
  typed = setTimeout(() => form.isConnected && form.requestSubmit(), TYPED_MS);
});

/* ---- Data into a text ---- At the place somebody left; the server would put it at the end. */
let left = null;

document.addEventListener("focusout", ({ target }) => {
  if (target.dataset?.pickerLink && target.setRangeText) left = target;
});

document.addEventListener("click", (event) => {
  const option = event.target.closest("[data-into] .ws-option[name=name]");
  const field = document.getElementById(option?.closest("[data-into]").dataset.into);
  if (!field?.setRangeText) return;
  event.preventDefault();
  if (field !== left) field.setSelectionRange(field.value.length, field.value.length);
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
  before = el?.id && isInBuilder(el) ? { el, id: el.id, step: stepOf(el), isField: isField(el) } : null;
});

addEventListener("htmx:after:swap", ({ detail }) => {
  shutBehindPanel();
  tellUnsaved();
  if (before) keepFocus(detail.ctx);
});

function keepFocus({ request }) {
  const now = document.activeElement;
  const el = document.getElementById(before.id);
  if (el && el !== now && staysAt(el, now)) el.focus({ preventScroll: true });
  else if (chosen() && stepOf(chosen()) !== stepOf(now)) chosen().focus();
  else if (!now?.closest("#panel") && fieldOf(request)) fieldOf(request).focus();
  else if (!now || now === document.body) wayBack()?.focus();
}

/* The step the server chose: its row may be one that was not drawn anew. */
function chosen() {
  const { focus } = document.getElementById("said")?.dataset ?? {};
  return focus ? document.getElementById(`open-${focus}`) : null;
}

function staysAt(el, now) {
  const isSameStep = before.step !== "" && before.step === stepOf(now);
  return isSameStep || (before.isField && el.closest("#panel") !== null);
}

/* The part of the panel that a link led to. */
function fieldOf({ method, action }) {
  const name = new URL(action, location.href).searchParams.get("field");
  if (method !== "GET" || !name) return null;
  const parts = [`#${CSS.escape(`field-${name}`)}`, "#condition :is(a, button)", "#panel :is(a, input)"];
  return parts.map((part) => document.querySelector(part)).find((el) => el !== null);
}

function wayBack() {
  const ids = [...trail.toReversed(), `open-${before.step}`, "open-start"];
  return ids.map((id) => document.getElementById(id)).find(takesFocus);
}

function takesFocus(el) {
  return el?.checkVisibility() && !el.closest("[inert]") && !el.disabled;
}

/* ---- Gestures that did not arrive ---- They wait here, and are sent again in order with their
   keys; the server does none of them twice. Others wait behind them. */
const AGAIN_MS = 5_000;
const NOT_DONE = [401, 429, 502, 503, 504];
const SHELF = `unsaved:${location.pathname}`;
const unsaved = JSON.parse(sessionStorage.getItem(SHELF) ?? "[]");
let isSendingAgain = false;

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // randomUUID wants https
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  const el = ctx.sourceElement;
  if (!isInBuilder(el)) return;
  clearTimeout(typed); // who goes on does not search any more
  ctx.isOfBuilder = true;
  ctx.sourceElement = builder(); // it stays, so one queue holds them all, whatever a swap removes
  if (isGesture(ctx)) sign(ctx);
  else {
    if (el.matches("form[data-part]")) stay(ctx.request.body);
    if (!ctx.replace) ctx.push ??= "true"; // as for links that are boosted
  }
});

/* What is open by now: a part that was not drawn anew may say what was open then. */
function stay(body) {
  for (const name of ["step", "field", "pick", "q", "function", "owner", "list", "after", "on"]) body.delete(name);
  const open = new URLSearchParams(location.search);
  for (const name of ["step", "field"]) if (open.has(name)) body.set(name, open.get(name));
}

function sign({ request, again }) {
  request.headers["Idempotency-Key"] = again?.key ?? newKey();
  if (again) request.body = new URLSearchParams(again.body);
}

addEventListener("htmx:before:request", (event) => {
  const { ctx } = event.detail;
  if (!ctx.isOfBuilder) return;
  if (isGesture(ctx) && !ctx.again && unsaved.length > 0) {
    event.preventDefault();
    keep(ctx);
    return;
  }
  isUnderWay = true;
  if (isGesture(ctx)) ctx.request.body.set("held", held()); // now: the one before changed the page
});

function held() {
  const parts = [...document.querySelectorAll("[data-part]")];
  return parts.map(({ dataset }) => `${dataset.part} ${dataset.held}`).join("\n");
}

addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  if (isGesture(ctx) && !ctx.again && isNotDone(ctx)) keep(ctx);
});

/* On the document: the words that a line broke, which every page says, would be one too many. */
document.addEventListener("htmx:error", (event) => {
  const { ctx } = event.detail;
  if (!ctx || ctx.response || !isGesture(ctx)) return;
  event.stopPropagation();
  if (!ctx.again) keep(ctx);
});

addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  if (!ctx.isOfBuilder) return;
  isUnderWay = false;
  ctx.again?.done(!isNotDone(ctx));
  queueMicrotask(pressNext); // after htmx began with the next of its own
});

function isGesture(ctx) {
  return ctx.isOfBuilder && ctx.request.method !== "GET";
}

function isNotDone(ctx) {
  return !ctx.response || NOT_DONE.includes(ctx.response.status);
}

function keep({ request, swap }) {
  const body = [...request.body].filter(([, value]) => typeof value === "string");
  unsaved.push({ url: request.action, body, swap, key: request.headers["Idempotency-Key"] });
  store();
}

function store() {
  if (unsaved.length > 0) sessionStorage.setItem(SHELF, JSON.stringify(unsaved));
  else sessionStorage.removeItem(SHELF);
  tellUnsaved();
}

async function sendAgain() {
  if (isSendingAgain || unsaved.length === 0) return;
  isSendingAgain = true;
  while (unsaved.length > 0 && (await isSent(unsaved[0]))) {
    unsaved.shift();
    store();
  }
  isSendingAgain = false;
}

function isSent(gesture) {
  return new Promise((done) => {
    const again = { ...gesture, done };
    htmx.ajax("POST", gesture.url, { source: builder(), target: "#builder", swap: gesture.swap, again });
  });
}

function tellUnsaved() {
  const changes = unsaved.length === 1 ? "1 change is" : `${unsaved.length} changes are`;
  const told = unsaved.length > 0 ? `Not saved yet. ${changes} sent as soon as WedSync answers.` : "";
  for (const words of document.querySelectorAll("[data-saved]")) words.hidden = told !== "";
  for (const words of document.querySelectorAll("[data-unsaved]")) {
    words.hidden = told === "";
    if (words.textContent !== told) words.textContent = told;
  }
}

addEventListener("online", sendAgain);
addEventListener("beforeunload", (event) => {
  if (unsaved.length > 0) event.preventDefault();
});
setInterval(sendAgain, AGAIN_MS);
tellUnsaved();
sendAgain();
