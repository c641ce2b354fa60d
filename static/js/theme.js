/*
 * Light or dark: the system's choice until somebody presses the button, then theirs for a year.
 * The choice is a cookie, so the server writes it into <html> and no page flashes the other one.
 */
const root = document.documentElement;

function isDark() {
  const scheme = getComputedStyle(root).colorScheme;
  if (scheme === "dark" || scheme === "light") return scheme === "dark";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-theme-toggle]")) return;
  const theme = isDark() ? "light" : "dark";
  const secure = location.protocol === "https:" ? "; Secure" : "";
  root.dataset.bsTheme = theme;
  document.cookie = `ws-theme=${theme}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
});
