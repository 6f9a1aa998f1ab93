/** Builds crypto.html into the folder given, as the product's build would: `node tests/browser/build.mjs <folder>`. */

import { fileURLToPath } from "node:url";
import { build } from "vite";

await build({
  root: fileURLToPath(new URL(".", import.meta.url)),
  configFile: false,
  logLevel: "error",
  base: "/",
  worker: { format: "es" },
  build: {
    outDir: process.argv[2],
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: fileURLToPath(new URL("crypto.html", import.meta.url)) },
  },
});
