import path from "node:path";

/** What can be searched: a document for each part of a page that has a heading. */
export function searchDocuments(results, pages) {
  const byOutput = new Map(pages.map((page) => [page.output, page]));
  const documents = [];
  for (const result of results) {
    const page = byOutput.get(path.relative(path.join("target"), result.outputPath).split(path.sep).slice(1).join("/"));
    if (!page || page.section === "Sources") {
      continue;
    }
    const article = /<article>([\s\S]*)<\/article>/.exec(result.content)[1];
    for (const part of article.split(/(?=<h[1-6] )/)) {
      const heading = /^<h[1-6] id="([^"]*)"[^>]*>([\s\S]*?)<\/h[1-6]>/.exec(part);
      if (heading) {
        documents.push({
          id: documents.length,
          url: page.output + (part.startsWith("<h1") ? "" : `#${heading[1]}`),
          page: page.title,
          heading: words(heading[2]),
          text: words(part.slice(heading[0].length)),
        });
      }
    }
  }
  return documents;
}

/** The text without tags, and without the cells of tables that hold numbers alone, which nobody looks for. */
function words(html) {
  return html
    .replace(/<td[^>]*>[^\p{L}]*<\/td>/gu, " ")
    .replace(/<[^>]*>/g, " ")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&")
    .replace(/\s+/g, " ")
    .trim();
}
