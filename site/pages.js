import fs from "node:fs";
import path from "node:path";
import { navigation, titles } from "./navigation.js";

/** The root of the repository, where all paths below begin. */
export const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), "..");

const pictures = new Set([".png", ".svg"]);
const files = new Set([".yml", ".json", ".html"]);
const languages = { ".java": "java", ".js": "javascript", ".xml": "xml", ".txt": "text", ".yml": "yaml" };

export function read(file) {
  return fs.readFileSync(path.join(root, file), "utf8");
}

function exists(file) {
  return fs.existsSync(path.join(root, file));
}

function isDirectory(file) {
  return fs.statSync(path.join(root, file)).isDirectory();
}

function markdownFiles(directory) {
  return fs
    .readdirSync(path.join(root, directory), { withFileTypes: true })
    .flatMap((entry) => {
      const file = `${directory}/${entry.name}`;
      return entry.isDirectory() ? markdownFiles(file) : file.endsWith(".md") ? [file] : [];
    })
    .sort();
}

/** Where the page of a file of Markdown is in the site. */
function outputOf(file) {
  if (file === "README.md") {
    return "index.html";
  }
  return file
    .replace(/^docs\//, "")
    .replace(/README\.md$/, "index.html")
    .replace(/\.md$/, ".html")
    .toLowerCase();
}

function titleOf(file, text) {
  const heading = /^# (.*)$/m.exec(text);
  if (!heading) {
    throw new Error(`${file}: no heading (expected: # title)`);
  }
  return titles[file] ?? heading[1].replaceAll("`", "");
}

function expand(pattern, all) {
  if (!pattern.endsWith("/*")) {
    return exists(pattern) ? [pattern] : [];
  }
  const inside = all.filter((file) => file.startsWith(pattern.slice(0, -1)));
  return [...inside.filter((file) => file.endsWith("README.md")), ...inside.filter((file) => !file.endsWith("README.md"))];
}

/** All pages in the order of the navigation, and the sections of it. */
export function collectPages() {
  const docs = markdownFiles("docs");
  const sections = navigation.map((section) => ({
    ...section,
    pages: section.pages.flatMap((pattern) => {
      const found = expand(pattern, docs);
      if (found.length === 0) {
        console.warn(`navigation: ${pattern} is not there (yet), and left out`);
      }
      return found;
    }),
  }));
  const listed = new Set(sections.flatMap((section) => section.pages));
  const more = docs.filter((file) => !listed.has(file));
  if (more.length > 0) {
    console.warn(`navigation: not listed, so under "More": ${more.join(", ")}`);
    sections.push({ title: "More", pages: more });
  }
  const pages = new Map();
  for (const section of sections) {
    section.pages = section.pages.map((file) => {
      const text = read(file);
      const page = { file, text, title: titleOf(file, text), output: outputOf(file), section: section.title };
      pages.set(file, page);
      return page;
    });
  }
  return { sections, pages };
}

/**
 * What pages link to beside each other: pictures and files, which are copied, and sources and directories, which
 * become pages of their own, so that no link needs a network.
 */
export class Links {
  constructor(pages) {
    this.pages = pages;
    this.copied = new Map();
    this.sources = new Map();
  }

  /** Returns where a link of a file leads within the site, relative to that file's page. */
  resolve(link, from) {
    if (/^[a-z]+:/.test(link) || link.startsWith("#")) {
      return link;
    }
    const [target, fragment] = link.split("#");
    const file = path.posix.normalize(path.posix.join(path.posix.dirname(from.file), target)).replace(/\/$/, "");
    if (!exists(file)) {
      throw new Error(`${from.file}: ${link} (expected: a file of this repository)`);
    }
    const output = this.#outputFor(file);
    const relative = path.posix.relative(path.posix.dirname(from.output), output);
    return fragment === undefined ? relative : `${relative}#${fragment}`;
  }

  #outputFor(file) {
    const page = this.pages.get(file);
    if (page) {
      return page.output;
    }
    const extension = path.posix.extname(file);
    if (file.startsWith("docs/") && (pictures.has(extension) || files.has(extension))) {
      const output = `files/${file.slice("docs/".length)}`;
      this.copied.set(file, output);
      return output;
    }
    return this.#source(file);
  }

  #source(file) {
    const output = `source/${file}${isDirectory(file) ? "/index" : ""}.html`;
    if (!this.sources.has(file)) {
      const page = { output, title: path.posix.basename(file), section: "Sources" };
      this.sources.set(file, page);
      page.file = isDirectory(file) ? `${file}/index` : file; // where its links begin
      page.text = isDirectory(file) ? this.#listing(file) : this.#code(file);
    }
    return output;
  }

  #listing(directory) {
    const entries = fs.readdirSync(path.join(root, directory), { withFileTypes: true });
    const items = entries
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const page = this.pages.get(`${directory}/${entry.name}`);
        return `- [${page ? page.title : entry.name}](${entry.name})`;
      });
    return `# ${directory}\n\n${items.join("\n")}\n`;
  }

  #code(file) {
    const language = languages[path.posix.extname(file)] ?? "text";
    return `# ${path.posix.basename(file)}\n\n\`${file}\`\n\n~~~~~~${language}\n${read(file).trimEnd()}\n~~~~~~\n`;
  }
}
