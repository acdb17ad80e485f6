(() => {
  "use strict";
  const PERIOD = 2000;
  const root = document.documentElement;
  root.classList.add("live");

  // Makes a node like another one, and leaves alone what is alike: the reader's selection, focus and scroll position.
  const become = (node, next) => {
    if (node.isEqualNode(next)) return;
    if (node.nodeType !== 1 || node.nodeName !== next.nodeName) {
      node.replaceWith(next);
      return;
    }
    for (const name of new Set([...node.getAttributeNames(), ...next.getAttributeNames()])) {
      if (name === "open" || name === "hidden") continue; // the reader's own choice
      if (next.hasAttribute(name)) node.setAttribute(name, next.getAttribute(name));
      else node.removeAttribute(name);
    }
    const old = [...node.childNodes];
    const fresh = [...next.childNodes];
    fresh.forEach((child, i) => (i < old.length ? become(old[i], child) : node.append(child)));
    old.slice(fresh.length).forEach((child) => child.remove());
  };

  const filter = () => {
    for (const input of document.querySelectorAll("input[data-rows]")) {
      const wanted = input.value.trim().toLowerCase();
      for (const row of document.getElementById(input.dataset.rows).rows) {
        row.hidden = !row.textContent.toLowerCase().includes(wanted);
      }
    }
  };
  document.addEventListener("input", filter);

  const refresh = async () => {
    try {
      if (!document.hidden) {
        const answer = await fetch(location.href, { cache: "no-store" });
        if (!answer.ok) throw new Error(answer.status);
        const next = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const part of ["header", "main"]) {
          become(document.querySelector(part), next.querySelector(part));
        }
        document.title = next.title;
        filter();
        root.classList.remove("stale");
      }
    } catch {
      root.classList.add("stale");
    }
    setTimeout(refresh, PERIOD);
  };
  setTimeout(refresh, PERIOD);
})();
