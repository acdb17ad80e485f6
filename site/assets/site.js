(function () {
  "use strict";
  const up = document.body.dataset.up;
  const menu = document.getElementById("menu");
  if (matchMedia("(max-width: 800px)").matches) {
    menu.open = false;
  } else {
    document.querySelector('nav [aria-current="page"]')?.scrollIntoView({ block: "nearest" });
    scrollTo(0, scrollY);
  }

  document.getElementById("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try {
      localStorage.setItem("evenload-theme", root.dataset.theme);
    } catch {
      // it holds for this page alone
    }
  });

  const versions = document.getElementById("versions");
  const here = versions.value;
  for (const version of window.evenloadVersions || []) {
    if (version !== here) {
      versions.add(new Option(version));
    }
  }
  versions.addEventListener("change", () => {
    location.href = up + "../" + versions.value + "/index.html";
  });

  const query = document.getElementById("query");
  const results = document.getElementById("results");
  let engine = null;
  let documents = [];

  function load(name) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = up + "assets/" + name;
      script.onload = resolve;
      script.onerror = reject;
      document.head.append(script);
    });
  }

  // The index is made when somebody searches for the first time. It comes by scripts, as a page from disk may not fetch.
  function start() {
    engine ??= Promise.all([load("minisearch.js"), load("search-documents.js")]).then(() => {
      documents = window.evenloadSearch;
      const index = new MiniSearch({
        fields: ["heading", "page", "text"],
        searchOptions: { boost: { heading: 4, page: 3 }, prefix: true, fuzzy: 0.15, combineWith: "AND" },
      });
      index.addAll(documents);
      return index;
    });
    return engine;
  }

  function excerpt(text, words) {
    const lower = text.toLowerCase();
    const at = words.map((word) => lower.indexOf(word)).find((place) => place >= 0) ?? 0;
    const begin = at < 40 ? 0 : text.lastIndexOf(" ", at - 30) + 1;
    return (begin > 0 ? "… " : "") + text.slice(begin, begin + 140) + (begin + 140 < text.length ? " …" : "");
  }

  async function search() {
    const words = query.value.trim();
    if (words.length < 2) {
      results.hidden = true;
      return;
    }
    const found = (await start()).search(words).slice(0, 12);
    results.replaceChildren(
      ...found.map((hit) => {
        const target = documents[hit.id];
        const item = document.createElement("li");
        const link = document.createElement("a");
        link.href = up + target.url;
        const title = document.createElement("b");
        title.textContent = target.page === target.heading ? target.page : target.page + " › " + target.heading;
        const text = document.createElement("span");
        text.textContent = excerpt(target.text, hit.terms);
        link.append(title, text);
        item.append(link);
        return item;
      }),
    );
    if (found.length === 0) {
      const item = document.createElement("li");
      item.textContent = "Nothing found.";
      results.append(item);
    }
    results.hidden = false;
  }

  query.addEventListener("focus", start);
  query.addEventListener("input", search);
  document.getElementById("search").addEventListener("submit", (event) => {
    event.preventDefault();
    results.querySelector("a")?.click();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(input|select|textarea)$/i.test(document.activeElement.tagName)) {
      event.preventDefault();
      query.focus();
    } else if (event.key === "Escape") {
      results.hidden = true;
      query.blur();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !results.hidden) {
      const links = [...results.querySelectorAll("a")];
      const next = links.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
      event.preventDefault();
      (links[next] ?? query).focus();
    }
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("#search")) {
      results.hidden = true;
    }
  });

  const asked = new URLSearchParams(location.search).get("q");
  if (asked) {
    query.value = asked;
    search();
  }
})();
