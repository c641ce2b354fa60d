/*
 * Others at the same draft, while the builder stands open: who they are, and what they change.
 *
 * `#live` follows the server, which says that something is new and never what: that is asked for,
 * and only while no gesture is under way, whose answer would be the newer one. What somebody is
 * typing in stays as it is; that they know an older step is told when they save it.
 *
 *   data-revision  on the bar: how far the draft is that the page shows
 *   data-people    on `#company`: who is said to be here; a `b` with data-company shows it too
 *   data-news, data-company, data-under-way  on `#live`: where to ask
 */

const live = document.getElementById("live");
let latest = 0;
const gestures = new Set();
let look = null;

live?.addEventListener("tick", ({ detail }) => {
  latest = JSON.parse(detail.data).revision;
  lookAgain();
});

live?.addEventListener("company", ({ detail }) => {
  const people = JSON.parse(detail.data).people.join(" ");
  if (people === document.getElementById("company")?.dataset.people) return;
  htmx.ajax("GET", live.dataset.company, { source: live, target: "#company", swap: "outerMorph" });
});

/* Parts of the page that were drawn anew know of nobody. */
function showCompany() {
  const words = document.getElementById("company")?.textContent.trim() ?? "";
  for (const el of document.querySelectorAll("b[data-company]")) {
    if (el.textContent !== words) el.textContent = words;
  }
}

/* What the live version is at, once: a page that is open knows by then. */
if (document.getElementById("under-way")) {
  htmx.ajax("GET", live.dataset.underWay, { source: live, target: "#under-way", swap: "innerHTML" });
}

/* ---- What was changed ---- */
function lookAgain() {
  const shown = Number(document.querySelector("[data-revision]")?.dataset.revision);
  if (latest <= shown || gestures.size > 0 || look) return;
  look = { isStale: false, keep: isInUse() ? "panel" : "" };
  const parts = [...document.querySelectorAll("[data-part]")];
  const held = parts.map(({ dataset }) => `${dataset.part} ${dataset.held}`).join("\n");
  const context = { source: live, target: "#builder", swap: "outerMorph", values: { held, keep: look.keep }, look };
  htmx.ajax("POST", live.dataset.news, context);
}

addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (!ctx.isOfBuilder) return;
  gestures.add(ctx);
  if (look) look.isStale = true;
});

addEventListener("htmx:before:swap", (event) => {
  const { ctx } = event.detail;
  if (!ctx.look) return;
  if (isInUse() && !ctx.look.keep) ctx.look.isStale = true;
  if (ctx.look.isStale) event.preventDefault();
  else document.getElementById("panel")?.toggleAttribute("hx-morph-skip", Boolean(ctx.look.keep));
});

addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  showCompany();
  if (ctx.look) document.getElementById("panel")?.removeAttribute("hx-morph-skip");
});

addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  gestures.delete(ctx);
  if (ctx.look) look = null;
  if (ctx.isOfBuilder || ctx.look?.isStale) queueMicrotask(lookAgain);
});

/* Whether somebody is at the panel: then it is not drawn under their hands. */
function isInUse() {
  const panel = document.getElementById("panel");
  const fields = [...(panel?.querySelectorAll("input, textarea") ?? [])];
  return Boolean(panel?.contains(document.activeElement)) || fields.some(isTypedIn);
}

function isTypedIn(field) {
  if (field.type === "hidden") return false;
  if (["checkbox", "radio"].includes(field.type)) return field.checked !== field.defaultChecked;
  return field.value !== field.defaultValue;
}
