/*
 * Gestures of the builder that did not arrive. They wait in this tab, also over a reload, and are
 * sent again in order with their keys; the server does none of them twice. Others wait behind them.
 *
 *   data-keeper="id"            on `#builder`: whose they are, since a tab may see several people
 *   data-saved, data-unsaved    what is said of the draft while all is saved, and while it is not
 *   data-refused                is told what the server would not do any more; a button in it with
 *                               data-seen ends that
 */

const AGAIN_MS = 5_000;
const NOT_DONE = [401, 429, 502, 503, 504];
const STALE = 400; // the page was open for longer than whoever signed in; a fresh one knows better
const builder = document.getElementById("builder");
const SHELF = `unsaved:${builder.dataset.keeper}:${location.pathname}`;
const unsaved = JSON.parse(sessionStorage.getItem(SHELF) ?? "[]");
const underWay = new Set();
const refused = [];
let isSendingAgain = false;
let isLeaving = false;

function isGesture(ctx) {
  return ctx.isOfBuilder && ctx.request.method !== "GET";
}

/* ---- Sending ---- */
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // randomUUID wants https
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  if (!isGesture(ctx)) return;
  underWay.add(ctx);
  ctx.request.headers["Idempotency-Key"] = ctx.again?.key ?? newKey();
  if (ctx.again) ctx.request.body = bodyOf(ctx.again);
});

/* With the token of this page: who signed in again has another. */
function bodyOf({ body }) {
  const again = new URLSearchParams(body);
  const token = builder.querySelector("[name=csrf_token]");
  if (token) again.set("csrf_token", token.value);
  return again;
}

addEventListener("htmx:before:request", (event) => {
  const { ctx } = event.detail;
  if (!isGesture(ctx) || ctx.again || unsaved.length === 0) return;
  event.preventDefault();
  keep(ctx);
});

addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  underWay.delete(ctx);
  ctx.again?.done(!isNotDone(ctx));
});

/* ---- Keeping ---- */
function keep({ request, swap, response }) {
  const body = [...request.body].filter(([name, value]) => name !== "held" && typeof value === "string");
  const isStale = response?.status === STALE;
  unsaved.push({ url: request.action, body, swap, key: request.headers["Idempotency-Key"], isStale });
  store();
}

function store() {
  if (unsaved.length > 0) sessionStorage.setItem(SHELF, JSON.stringify(unsaved));
  else sessionStorage.removeItem(SHELF);
  tell();
}

/* Nothing came back, or not all of it, or somebody who could not do it yet. */
function isNotDone(ctx) {
  return ctx.text === undefined || NOT_DONE.includes(ctx.response.status) || isStale(ctx);
}

/* The second time it is for another reason. */
function isStale({ response, again }) {
  return response.status === STALE && !again?.isStale;
}

addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  if (!isGesture(ctx)) return;
  if (!isNotDone(ctx)) return ctx.again && refuse(ctx);
  if (!ctx.again) keep(ctx);
  if (ctx.response.status === 401) isLeaving = true; // to sign in, and back
  if (isStale(ctx)) startAnew();
});

function startAnew() {
  for (const gesture of unsaved) gesture.isStale = true;
  store();
  isLeaving = true;
  location.reload();
}

/* On the document: the words that a line broke, which every page says, would be one too many. */
document.addEventListener("htmx:error", (event) => {
  const { ctx } = event.detail;
  if (!ctx || ctx.text !== undefined || !isGesture(ctx)) return;
  event.stopPropagation();
  if (!ctx.again) keep(ctx);
});

/* Likewise what a server says that is not at work: it is said here that nothing is saved. */
addEventListener("htmx:before:swap", (event) => {
  const { ctx } = event.detail;
  if (isGesture(ctx) && isNotDone(ctx)) event.preventDefault();
});

/* ---- Sending again ---- */
async function sendAgain() {
  if (isSendingAgain || isLeaving || unsaved.length === 0) return;
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
    htmx.ajax("POST", gesture.url, { source: builder, target: "#builder", swap: gesture.swap, again });
  });
}

/* The next answer will show the page without it, so it is told here, with what somebody wrote. */
function refuse({ text }) {
  const page = document.createElement("template");
  page.innerHTML = text;
  const why = page.content.querySelector("#clash h3, #panel-error p, .invalid-feedback span, #said p, .ws-toast span");
  const own = page.content.querySelector("#clash dd, [aria-invalid=true]");
  const wrote = own?.value ?? own?.textContent.trim();
  refused.push([why?.textContent.trim() ?? "It is not known why.", wrote && `You wrote: ${wrote}`].filter(Boolean).join(" "));
  tell();
}

/* ---- Telling ---- */
function tell() {
  const changes = unsaved.length === 1 ? "1 change is" : `${unsaved.length} changes are`;
  const told = unsaved.length > 0 ? `Not saved yet. ${changes} sent as soon as WedSync answers.` : "";
  for (const words of document.querySelectorAll("[data-saved]")) words.hidden = told !== "";
  for (const words of document.querySelectorAll("[data-unsaved]")) {
    words.hidden = told === "";
    if (words.textContent !== told) words.textContent = told;
  }
  tellRefused();
}

function tellRefused() {
  const place = document.querySelector("[data-refused]");
  const list = place?.querySelector("ul");
  if (!list || list.children.length === refused.length) return;
  list.replaceChildren(...refused.map((words) => Object.assign(document.createElement("li"), { textContent: words })));
  place.hidden = refused.length === 0;
}

addEventListener("htmx:after:swap", tell);
document.addEventListener("click", ({ target }) => {
  if (!target.closest("[data-refused] [data-seen]")) return;
  refused.length = 0;
  tell();
});

addEventListener("online", sendAgain);
addEventListener("beforeunload", (event) => {
  if (!isLeaving && unsaved.length + underWay.size > 0) event.preventDefault();
});
addEventListener("pageshow", () => {
  isLeaving = false; // also where somebody comes back to the page as they left it
  sendAgain();
});
setInterval(sendAgain, AGAIN_MS);
tell();
