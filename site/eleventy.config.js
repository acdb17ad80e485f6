import fs from "node:fs";
import path from "node:path";
import markdownIt from "markdown-it";
import anchor from "markdown-it-anchor";
import highlight from "@11ty/eleventy-plugin-syntaxhighlight";
import { checkLinks } from "./links.js";
import { Links, collectPages, read, root } from "./pages.js";
import { searchDocuments } from "./search.js";

const version = /<version>(.*?)<\/version>/.exec(read("pom.xml").split("evenload-parent")[1])[1];
const output = path.join("target", version);

/** As GitHub makes the fragment of a heading, so that links work in both places. */
function slugify(heading) {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

function markdown(links) {
  const renderer = markdownIt({ html: true });
  renderer.use(anchor, { slugify, permalink: anchor.permalink.headerLink({ safariReaderFix: true }) });
  const rewritten = (attribute) => (tokens, index, options, env, self) => {
    tokens[index].attrSet(attribute, links.resolve(tokens[index].attrGet(attribute), env.page_of));
    return self.renderToken(tokens, index, options);
  };
  renderer.renderer.rules.link_open = rewritten("href");
  const image = renderer.renderer.rules.image;
  renderer.renderer.rules.image = (tokens, index, options, env, self) => {
    tokens[index].attrSet("src", links.resolve(tokens[index].attrGet("src"), env.page_of));
    return image(tokens, index, options, env, self);
  };
  renderer.renderer.rules.table_open = () => '<div class="table"><table>';
  renderer.renderer.rules.table_close = () => "</table></div>\n";
  return renderer;
}

/** Has the links find what they lead to, before pages are made of it. */
function follow(renderer, links, pages) {
  for (const page of pages) {
    if (!page.followed) {
      page.followed = true;
      const before = new Set(links.sources.keys());
      renderer.render(page.text, { page_of: page });
      follow(renderer, links, [...links.sources.values()].filter((source) => !before.has(source.file)));
    }
  }
}

export default function (eleventy) {
  fs.rmSync(output, { recursive: true, force: true });
  const { sections, pages } = collectPages();
  const links = new Links(pages);
  const renderer = markdown(links);
  follow(renderer, links, [...pages.values()]);
  const all = [...pages.values(), ...links.sources.values()];
  const ordered = [...pages.values()];

  eleventy.addPlugin(highlight);
  eleventy.setLibrary("md", renderer);
  eleventy.setDataDeepMerge(false);
  for (const page of all) {
    const position = ordered.indexOf(page);
    eleventy.addTemplate(`${page.output.replace(/\.html$/, "")}.md`, page.text, {
      layout: "page.njk",
      permalink: page.output,
      title: page.title,
      page_of: page,
      // From this page to the root of the site: links work from disk, without a server.
      up: "../".repeat(page.output.split("/").length - 1),
      before: position > 0 ? ordered[position - 1] : undefined,
      after: position >= 0 ? ordered[position + 1] : undefined,
      sections,
      version,
    });
  }
  eleventy.addPassthroughCopy("assets");
  eleventy.addPassthroughCopy({ "node_modules/minisearch/dist/umd/index.js": "assets/minisearch.js" });
  for (const [file, to] of links.copied) {
    eleventy.addPassthroughCopy({ [path.relative(".", path.join(root, file))]: to });
  }
  eleventy.on("eleventy.after", ({ results }) => {
    const documents = searchDocuments(results, all);
    fs.mkdirSync(path.join(output, "assets"), { recursive: true });
    fs.writeFileSync(path.join(output, "assets", "search-documents.js"), `window.evenloadSearch = ${JSON.stringify(documents)};\n`);
    checkLinks(results, output);
    tellVersions();
  });

  return {
    dir: { input: "pages", includes: "../layouts", output },
    markdownTemplateEngine: false,
    htmlTemplateEngine: false,
  };
}

/** Writes what leads from one version of the site to the others: all that are beside this one. */
function tellVersions() {
  const versions = fs
    .readdirSync("target", { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort((a, b) => b.localeCompare(a, undefined, { numeric: true }));
  fs.writeFileSync("target/versions.js", `window.evenloadVersions = ${JSON.stringify(versions)};\n`);
  fs.writeFileSync(
    "target/index.html",
    `<!doctype html><meta charset="utf-8"><title>Evenload</title><meta http-equiv="refresh" content="0; url=${version}/index.html">` +
      `<a href="${version}/index.html">Evenload ${version}</a>\n`,
  );
}
