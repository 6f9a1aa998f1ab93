import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

/**
 * The production build is one HTML shell and content-addressed files under /assets/. Nothing is inlined
 * (a strict CSP would refuse it) and no build time or path enters the output, so that two builds of one commit are the
 * same bytes.
 */
export default defineConfig({
  plugins: [svelte()],
  // Beep's pages are served from the root of their own origin.
  base: "/",
  build: {
    target: ["chrome120", "firefox121", "safari17"],
    outDir: "dist",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        // Few files rather than many small ones: each costs a round trip on a slow network. What every screen needs
        // comes first; then what the conversations share with what opens above them; the routes' own imports make a
        // chunk each for the rest.
        codeSplitting: {
          groups: [
            {
              name: "ui",
              test: /node_modules\/(?:svelte|@lucide|@fluent)\/|src\/ui\/(?:[^/]+$|components\/(?!Qr))|src\/i18n\/index/,
            },
            {
              name: "parts",
              test: /src\/ui\/parts\/|src\/ui\/main\/(?:names|Markdown)|node_modules\/virtua\//,
            },
          ],
        },
      },
    },
  },
  // Views under test are the browser's, not those for rendering on a server.
  ...(process.env["VITEST"] ? { resolve: { conditions: ["browser"] } } : {}),
  worker: { format: "es" },
  server: {
    port: 5173,
    strictPort: true,
    proxy: {
      "/api": { target: "http://localhost:8000", ws: true },
      "/ws": { target: "ws://localhost:8000", ws: true },
    },
  },
  test: {
    environment: "node",
    include: ["tests/**/*.test.ts", "src/**/*.test.ts"],
    // Vitest leaves one processor free; of two that is half.
    maxWorkers: "100%",
    // What hangs ends here; a machine with other work to do is slow.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // What is waited for comes when the machine has time for it: the default of one second asserts a speed.
    expect: { poll: { timeout: 50_000 } },
  },
});
