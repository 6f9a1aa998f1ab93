/**
 * Runs a script of this folder under plain Node: `node tests/interop/run.mjs peer.ts`. Vite resolves and strips the
 * TypeScript; packages load as they are installed.
 */

import { fileURLToPath } from "node:url";
import { runnerImport } from "vite";

const root = fileURLToPath(new URL("../..", import.meta.url));
const script = fileURLToPath(new URL(process.argv[2], import.meta.url));
await runnerImport(script, { root, configFile: false, logLevel: "error" });
