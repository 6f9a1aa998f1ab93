/** Runs peer.ts under plain Node: Vite resolves and strips the TypeScript, packages load as they are installed. */

import { fileURLToPath } from "node:url";
import { runnerImport } from "vite";

const root = fileURLToPath(new URL("../..", import.meta.url));
await runnerImport(fileURLToPath(new URL("./peer.ts", import.meta.url)), {
  root,
  configFile: false,
  logLevel: "error",
});
