/*
 * Branches that were folded stay so for this person on this device: the server reads the cookie
 * that `data-folds` names and draws them so. What somebody opens inside a folded branch is shown.
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
