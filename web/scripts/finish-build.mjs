/**
 * Finishes `vite build`: integrity for every script, the service worker, compressed variants, the list of the build.
 *
 * 1. `index.html` gets an import map whose `integrity` names the SHA-384 of every module, so that modules loaded later are
 *    checked like those named in the page, and `integrity` on its own scripts, preloads and style sheets.
 * 2. `src/sw.ts` becomes one classic script, with the shell's paths and a version made of their contents.
 * 3. Each text file gets `.br` and `.gz` beside it, at the highest setting: it is done once and served often.
 * 4. `build.json` lists each file with its SHA-256, sorted: what a transparency log can sign. Nothing in it or in any file
 *    depends on the time or the place of the build.
 *
 * Prints the weight of the first load. Fails when it is above the budget.
 */
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
/** First load, compressed: `docs` and the issue allow this much. */
const budget = 180_000;
const compressible = /\.(?:html|js|css|svg|json|webmanifest)$/u;
/** The console's files belong to another host. */
const elsewhere = /^console\//u;
/** Faces of single languages and sizes of the icon: fetched when needed and kept then, not before. */
const onDemand = /(?:vazirmatn|nastaliq|latin-ext).*\.woff2$|\.png$/u;

/** Every file below `folder`, as a path from it with forward slashes, sorted. */
function filesIn(folder) {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => relative(folder, path).split(sep).join("/"))
    .sort();
}

function digest(algorithm, content) {
  return createHash(algorithm).update(content).digest("base64");
}

/** The page with its import map and integrity attributes. */
function withIntegrity(page, files) {
  const hashes = new Map(
    files
      .filter((path) => /^assets\/.*\.(?:js|css)$/u.test(path))
      .map((path) => [`/${path}`, `sha384-${digest("sha384", readFileSync(join(dist, path)))}`]),
  );
  const modules = Object.fromEntries([...hashes].filter(([path]) => path.endsWith(".js")));
  const map = `<script type="importmap">${JSON.stringify({ integrity: modules })}</script>`;
  const marked = page.replaceAll(
    /<(script|link)\b[^>]*\b(?:src|href)="([^"]+)"[^>]*>/gu,
    (tag, _name, path) => {
      const hash = hashes.get(path);
      return hash ? tag.replace(/>$/u, ` integrity="${hash}">`) : tag;
    },
  );
  // An import map counts only before the first module.
  const finished = marked.replace(/<(?=script type="module"|link rel="modulepreload")/u, `${map}\n    <`);
  if (!finished.includes(map))
    throw new Error("index.html has no module script to put the import map before");
  return finished;
}

async function buildServiceWorker(shell, version) {
  await build({
    configFile: false,
    logLevel: "warn",
    root,
    publicDir: false,
    define: { __FILES__: JSON.stringify(shell), __VERSION__: JSON.stringify(version) },
    build: {
      outDir: dist,
      emptyOutDir: false,
      target: "es2022",
      reportCompressedSize: false,
      lib: {
        entry: join(root, "src/sw.ts"),
        formats: ["iife"],
        name: "beepServiceWorker",
        fileName: () => "sw.js",
      },
    },
  });
}

function compress(path) {
  const content = readFileSync(path);
  const quality = {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
  };
  writeFileSync(`${path}.br`, brotliCompressSync(content, { params: quality }));
  // Node writes no time into the gzip header, so the bytes are the same each time.
  writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
}

/** Bytes that a browser fetches before the first screen in English: page, its modules and styles, the Latin face. */
function firstLoad(page) {
  const named = [...page.matchAll(/<(?:script|link)\b[^>]*\b(?:src|href)="(\/assets\/[^"]+)"/gu)].map(
    (found) => found[1],
  );
  const later = filesIn(dist).filter((path) =>
    /^assets\/(?:entry|en|inter-latin-400)[^/]*\.(?:js|css|woff2)$/u.test(path),
  );
  const paths = new Set(["index.html", ...named.map((path) => path.slice(1)), ...later]);
  let bytes = 0;
  for (const path of paths) {
    const file = join(dist, path);
    bytes += statSync(compressible.test(path) ? `${file}.br` : file).size;
  }
  return bytes;
}

const pagePath = join(dist, "index.html");
const built = filesIn(dist);
const page = withIntegrity(readFileSync(pagePath, "utf8"), built);
writeFileSync(pagePath, page);

const shellFiles = built.filter(
  (path) => path !== "index.html" && !onDemand.test(path) && !elsewhere.test(path),
);
const contents = [...shellFiles, "index.html"].map((path) =>
  digest("sha256", readFileSync(join(dist, path))),
);
const version = createHash("sha256").update(contents.join("\n")).digest("hex").slice(0, 16);
await buildServiceWorker(["/", ...shellFiles.map((path) => `/${path}`)], version);

const all = filesIn(dist);
const list = Object.fromEntries(
  all.map((path) => [`/${path}`, `sha256-${digest("sha256", readFileSync(join(dist, path)))}`]),
);
writeFileSync(join(dist, "build.json"), `${JSON.stringify({ version, files: list }, null, 1)}\n`);
for (const path of filesIn(dist)) if (compressible.test(path)) compress(join(dist, path));

const weight = firstLoad(page);
console.log(
  `first load ${(weight / 1000).toFixed(1)} kB compressed (budget ${budget / 1000} kB), version ${version}`,
);
if (weight > budget) {
  console.error("The first load is above its budget.");
  process.exit(1);
}
