/*
 * Branches that were folded stay so for this person on this device: the server reads the cookie
 * that `data-folds` names and draws them so. What somebody opens inside a folded branch is shown.
 *
 *   data-fold="name"            a fold of the panel; the page says that it holds it open, as a part
 *   data-unsent                 in one that was closed when it came: what it holds is asked for
 */

const MOST = 60;
const A_YEAR_S = 31_536_000;
const list = () => document.getElementById("steps-list");

document.addEventListener(
  "toggle",
  ({ target }) => {
    if (target.matches(".ws-fold-branch")) keep();
  },
  true, // it does not bubble
);

function keep() {
  const folded = [...list().querySelectorAll(".ws-fold-branch:not([open])")].map(({ id }) => id.replace("fold-", ""));
  const secure = location.protocol === "https:" ? "; secure" : "";
  const about = `path=${location.pathname.replace(/\/edit$/, "")}; max-age=${folded.length > 0 ? A_YEAR_S : 0}; samesite=lax${secure}`;
  document.cookie = `${list().dataset.folds}=${folded.slice(0, MOST).join(".")}; ${about}`;
}

/* Before the focus goes there. */
addEventListener("htmx:after:swap", showChosen);
showChosen();

function showChosen() {
  let isOpened = false;
  for (let at = list()?.querySelector(".is-selected"); at; at = at.parentElement) {
    if (!at.matches(".ws-fold-branch:not([open])")) continue;
    at.open = true;
    isOpened = true;
  }
  if (isOpened) keep(); // now: that it was opened is told later, perhaps too late
}

/* ---- Of the panel ---- What a closed fold holds does not come along: it is there once it is opened. */
document.addEventListener("toggle", ({ target }) => target.matches("[data-fold]") && showFolded(target), true);

/* Another panel may have come into a fold that stands open. */
addEventListener("htmx:after:swap", () => {
  for (const fold of document.querySelectorAll("[data-fold]")) showFolded(fold);
});

function showFolded(fold) {
  if (fold.open) Object.assign(fold.dataset, { part: `open-${fold.dataset.fold}`, held: "yes" });
  else for (const name of ["part", "held"]) delete fold.dataset[name];
  const unsent = unsentIn(fold);
  if (fold.open && unsent) htmx.ajax("GET", location.href, { source: "#builder", target: unsent, swap: "outerMorph", push: "false", fold });
}

const unsentIn = (fold) => fold.querySelector("[data-unsent]");

/* For the panel that is there by now; what went before it may have brought it, or closed the fold. */
addEventListener("htmx:before:request", (event) => {
  const { request, fold } = event.detail.ctx;
  if (!fold) return;
  const address = new URL(location);
  address.searchParams.set("fold", fold.dataset.fold);
  request.action = address.href.replace(address.hash, "");
  if (!fold.open || !unsentIn(fold)) event.preventDefault();
});

/* It did not come: opening it once more asks again. */
addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  if (ctx.fold && ctx.status !== "swapped" && unsentIn(ctx.fold)) ctx.fold.open = false;
});
