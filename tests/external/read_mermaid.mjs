// Prints what the real Mermaid reads from each flowchart, as JSON: settings, nodes, edges, groups.
// node read_mermaid.mjs FOLDER FILE...   FOLDER is where `npm install mermaid jsdom` was run.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, ...files] = process.argv.slice(2);
const packages = resolve(folder, "node_modules");
const { JSDOM } = createRequire(resolve(folder, "x.js"))("jsdom");
const { window } = new JSDOM("");
globalThis.window = window;
globalThis.document = window.document;

const path = resolve(packages, "mermaid/dist/mermaid.core.mjs");
const { default: mermaid } = await import(pathToFileURL(path));
mermaid.initialize({ maxTextSize: 1e7, maxEdges: 1e6 });

// Mermaid keeps `#34;` as placeholders until it draws.
const decoded = (text) =>
  text
    .replace(/ﬂ°°(\d+)¶ß/g, (_, code) => String.fromCodePoint(Number(code)))
    .replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));

const read = async (file) => {
  const text = readFileSync(file, "utf8");
  const { config } = await mermaid.parse(text); // reads the title and directives too
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
  return {
    config,
    nodes: Object.fromEntries([...db.getVertices()].map(([id, v]) => [id, decoded(v.text)])),
    edges: db.getEdges().map((edge) => [edge.start, edge.end, edge.stroke]),
    groups: db.getSubGraphs().map((group) => [decoded(group.title), group.nodes]),
  };
};

const found = [];
for (const file of files) found.push(await read(file));
console.log(JSON.stringify(found));
