// Sets the theme before the first paint, so that a dark page never flashes white. The interface takes over from here
// (frontend/src/prefs.rs); the Content-Security-Policy allows no inline script, hence a file.
{
  let theme = null;
  try {
    theme = localStorage.getItem("crowsnest.theme");
  } catch {
    // Storage is forbidden: the system's theme it is.
  }
  if (theme !== "light" && theme !== "dark") {
    theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }
  document.documentElement.dataset.theme = theme;
}
