import { defineConfig } from "vite";

/** The console's one script and style sheet, under fixed names: the server's pages name them. After the client's build. */
export default defineConfig({
  publicDir: false,
  base: "/files/",
  build: {
    target: ["chrome120", "firefox121", "safari17"],
    outDir: "dist/console",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: false,
    sourcemap: false,
    reportCompressedSize: false,
    cssCodeSplit: false,
    rolldownOptions: {
      input: "src/console/main.ts",
      output: {
        entryFileNames: "console.js",
        assetFileNames: (asset) => (asset.names[0]?.endsWith(".woff2") ? "inter.woff2" : "console.css"),
        codeSplitting: false,
      },
    },
  },
});
