import fs from "node:fs";
import path from "node:path";

/** Fails unless each link of each page leads to a file that is there, and to an element of it. */
export function checkLinks(results, output) {
  const ids = new Map();
  const pages = new Map(results.map((result) => [path.resolve(result.outputPath), result.content]));
  const idsOf = (file) => {
    if (!ids.has(file)) {
      ids.set(file, new Set([...pages.get(file).matchAll(/ id="([^"]*)"/g)].map((found) => found[1])));
    }
    return ids.get(file);
  };
  const dead = [];
  let links = 0;
  for (const [file, content] of pages) {
    for (const [, link] of content.matchAll(/ (?:href|src)="([^"]*)"/g)) {
      if (/^[a-z]+:/.test(link)) {
        continue;
      }
      links++;
      const [target, fragment] = link.split("#");
      const to = target === "" ? file : path.resolve(path.dirname(file), decodeURI(target));
      const versions = path.resolve("target", "versions.js");
      if (to !== versions && !fs.existsSync(to)) {
        dead.push(`${path.relative(output, file)}: ${link}`);
      } else if (fragment && pages.has(to) && !idsOf(to).has(decodeURIComponent(fragment))) {
        dead.push(`${path.relative(output, file)}: ${link} (no such heading)`);
      }
    }
  }
  if (dead.length > 0) {
    throw new Error(`dead links:\n${dead.join("\n")}`);
  }
  console.log(`${links} links of ${pages.size} pages lead to something`);
}
