/**
 * Times groups under Node: `node scripts/bench-groups.mjs [suite:devices…]`, suite `hybrid` or `classical`. One JSON line
 * a measurement, times in milliseconds, sizes in bytes.
 */

import { fileURLToPath } from "node:url";
import { runnerImport } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const file = fileURLToPath(new URL("../tests/crypto/large-group.ts", import.meta.url));
const { module } = await runnerImport(file, { root, configFile: false, logLevel: "error" });

const SUITES = { classical: 0x0001, hybrid: 0x0053 };
const ALL = ["hybrid:60", "hybrid:100", "hybrid:150", "classical:250", "classical:500", "classical:1000"];
const wanted = process.argv.slice(2);

for (const one of wanted.length > 0 ? wanted : ALL) {
  const [suite, size] = one.split(":");
  const devices = Number(size);
  const report = (step) => console.log(JSON.stringify({ bench: "groups", suite, devices, ...step }));
  const group = new module.LargeGroup(SUITES[suite], devices, report);
  await group.found();
  await group.heal("young", group.last, 0);
  await group.heal("young, the founder's", 0, group.last);
  const envelopes = await group.speak(
    0,
    Array.from({ length: 20 }, () => new Uint8Array(120)),
  );
  await group.hear(group.last, envelopes.slice(0, 1));
  await group.hear(group.last, envelopes.slice(1));
  await group.reopen(group.last);
  report({ what: "peak memory", megabytes: Math.round(process.resourceUsage().maxRSS / 1024) });
}
