/**
 * Makes static/vendor/: every file a page loads, small, compressed and named by its content.
 *
 *   npm run build
 *
 * In: the packages of package-lock.json and our own static/css and static/js. Out: files named
 * `name.<hash>.ext` beside their `.br` and `.gz`, and manifest.json from plain name to hashed one.
 * A name holds the hash of its content, so browsers may keep the file for ever.
 *
 * Tabler's styles are cut down to the class names that templates, forms and scripts mention. The
 * icon sprite holds only the icons that are named as `icon("check")`, `icon="check"` or
 * `"icon": "check"`. Write both kinds of names whole: one put together from pieces is not found.
 */
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import zlib from "node:zlib";
import { PurgeCSS } from "purgecss";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PACKAGES = path.join(ROOT, "node_modules");
const VENDOR = path.join(ROOT, "static/vendor");
const STAMP = path.join(VENDOR, ".stamp");

const SCRIPTS = {
  "htmx.js": "htmx.org/dist/htmx.min.js",
  "hx-sse.js": "htmx.org/dist/ext/hx-sse.min.js",
};
const FONTS = [
  { family: "Fraunces", weight: "400", name: "fraunces.woff2", file: "@fontsource/fraunces/files/fraunces-latin-400-normal.woff2" },
  { family: "Inter Variable", weight: "100 900", name: "inter.woff2", file: "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2" },
];
/* As @fontsource cuts its latin files; other letters come from the system's font. */
const LATIN = "U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+0304,U+0308,U+0329,U+2000-206F,U+20AC,U+2122,U+2191,U+2193,U+2212,U+2215,U+FEFF,U+FFFD";

/* Words the server puts into a class or theme attribute without a template naming them. */
const SAFE = ["dark", "light", "data-bs-theme", "is-invalid", "invalid-feedback", "form-control", "form-select", "form-check", "form-check-input", "type", "radio", "checkbox"];

async function main() {
  const sources = readSources();
  const stamp = digest(...sources.flatMap(({ name, text }) => [name, text]));
  if (fs.existsSync(STAMP) && fs.readFileSync(STAMP, "utf8") === stamp) {
    console.log("static/vendor is up to date");
    return;
  }
  const icons = sprite(sources);
  const out = new Output();
  out.add("icons.svg", icons);
  addFonts(out);
  await addTabler(out, sources);
  addScripts(out);
  addOwnFiles(out, sources);
  out.publish(stamp);
  console.log(`static/vendor made: ${Object.keys(out.manifest).length} files`);
}

/** Everything the result depends on, as `[{name, text}]` with names relative to the root. */
function readSources() {
  const names = [
    "package-lock.json",
    "wedsync/cli/assets.mjs",
    ...filesUnder("templates", [".html"]),
    ...filesUnder("wedsync", [".py", ".toml"]),
    ...filesUnder("static/css", [".css"]),
    ...filesUnder("static/js", [".js"]),
  ];
  return names.map((name) => ({ name, text: fs.readFileSync(path.join(ROOT, name), "utf8") }));
}

function filesUnder(folder, endings) {
  if (!fs.existsSync(path.join(ROOT, folder))) return [];
  return fs
    .readdirSync(path.join(ROOT, folder), { recursive: true })
    .filter((name) => endings.includes(path.extname(name)))
    .map((name) => path.posix.join(folder, name.split(path.sep).join("/")))
    .sort();
}

function digest(...parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("hex");
}

/** Collects files in a folder of its own and swaps it in whole, so no half-made state is served. */
class Output {
  manifest = {};
  folder = fs.mkdtempSync(path.join(ROOT, "static/.vendor-"));

  /** Writes one file flat into the folder and returns its hashed name. */
  add(name, content) {
    const { name: stem, ext } = path.parse(name);
    const hashed = `${stem}.${digest(content).slice(0, 10)}${ext}`;
    this.manifest[name] = hashed;
    this.write(hashed, Buffer.from(content));
    return hashed;
  }

  write(name, content) {
    const target = path.join(this.folder, name);
    fs.writeFileSync(target, content);
    if (name.endsWith(".woff2")) return; // compressed by its own format
    fs.writeFileSync(`${target}.br`, zlib.brotliCompressSync(content));
    fs.writeFileSync(`${target}.gz`, zlib.gzipSync(content, { level: 9 }));
  }

  publish(stamp) {
    fs.writeFileSync(path.join(this.folder, "manifest.json"), JSON.stringify(this.manifest, null, 1));
    fs.writeFileSync(path.join(this.folder, ".stamp"), stamp);
    fs.chmodSync(this.folder, 0o755); // mkdtemp keeps it to its owner
    fs.rmSync(VENDOR, { recursive: true, force: true });
    fs.renameSync(this.folder, VENDOR);
  }
}

/**
 * `font-display: optional`: a font that is not here at once is kept for the next page, so no page
 * is laid out twice. The layout preloads both files.
 */
function addFonts(out) {
  const faces = FONTS.map(({ family, weight, name, file }) => {
    const hashed = out.add(name, fs.readFileSync(path.join(PACKAGES, file)));
    return `@font-face{font-family:"${family}";font-style:normal;font-weight:${weight};font-display:optional;src:url("${hashed}") format("woff2");unicode-range:${LATIN}}`;
  });
  out.add("fonts.css", faces.join("\n"));
}

function sprite(sources) {
  const symbols = [...iconNames(sources)].sort().map(symbol);
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`;
}

function iconNames(sources) {
  const names = new Set();
  for (const { text } of sources.filter(({ name }) => /\.(html|py|toml)$/.test(name))) {
    const plain = text.replace(/[!=]=\s*(["'])[^"'\n]*\1/g, ""); // compared with, not drawn
    for (const [, first] of plain.matchAll(/\bicon\(([^,)]*)/g)) addQuoted(first, names);
    for (const [, value] of plain.matchAll(/\bicon["']?\s*[=:]\s*(["'][^"'\n]*["'])/g)) addQuoted(value, names);
  }
  return names;
}

function addQuoted(text, names) {
  for (const [, , name] of text.matchAll(/(["'])([^"' ]*)\1/g)) names.add(name); // a sentence is no name
}

function symbol(name) {
  const file = path.join(PACKAGES, "@tabler/icons/icons/outline", `${name}.svg`);
  if (!fs.existsSync(file)) throw new Unbuildable(`There is no Tabler icon “${name}”. See node_modules/@tabler/icons/icons/outline.`);
  const body = fs
    .readFileSync(file, "utf8")
    .replace(/^[\s\S]*?<svg[^>]*>/, "")
    .replace("</svg>", "")
    .replace(/<path stroke="none"[^>]*>/, "") // an invisible frame of the drawing program
    .replace(/\s*\n\s*/g, "");
  return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">${body}</symbol>`;
}

async function addTabler(out, sources) {
  const raw = sources.filter(({ name }) => /\.(html|py|js)$/.test(name)).map(mentions).join(" ");
  const [{ css }] = await new PurgeCSS().purge({
    content: [{ raw, extension: "txt" }],
    css: [path.join(PACKAGES, "@tabler/core/dist/css/tabler.min.css")],
    defaultExtractor: (text) => text.match(/[\w-]+/g) ?? [],
    safelist: SAFE,
    keyframes: true,
    variables: true,
  });
  out.add("tabler.css", withoutSourceMap(css));
}

/** The part of a source that can name an element or a class; prose would keep far too much. */
function mentions({ name, text }) {
  if (name.endsWith(".js")) return text;
  const places = name.endsWith(".py")
    ? /["']?class_?["']?\s*[:=]\s*(["'])[^"'\n]*\1/g
    : /<[^>]*>|\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}/g;
  return (text.match(places) ?? []).join(" ");
}

function addScripts(out) {
  for (const [name, file] of Object.entries(SCRIPTS)) {
    out.add(name, withoutSourceMap(fs.readFileSync(path.join(PACKAGES, file), "utf8")));
  }
}

function addOwnFiles(out, sources) {
  for (const { name, text } of sources.filter(({ name }) => name.startsWith("static/"))) {
    out.add(path.posix.relative("static", name), text);
  }
}

function withoutSourceMap(text) {
  return text.replace(/\/\*# sourceMappingURL=.*?\*\/|\/\/# sourceMappingURL=.*$/gm, "");
}

class Unbuildable extends Error {}

try {
  await main();
} catch (error) {
  if (!(error instanceof Unbuildable)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
