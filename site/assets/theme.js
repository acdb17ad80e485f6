// Before anything is drawn: the theme that was asked for, by the button or by ?theme=dark.
(function () {
  const asked = new URLSearchParams(location.search).get("theme");
  let kept = null;
  try {
    kept = localStorage.getItem("evenload-theme");
  } catch {
    // a browser that keeps nothing for files
  }
  const theme = asked || kept;
  if (theme === "light" || theme === "dark") {
    document.documentElement.dataset.theme = theme;
  }
})();
