import { BaseSequencer, type TestSpecification } from "vitest/node";
import { defineConfig, mergeConfig } from "vitest/config";
import base from "./vite.config.ts";

/** The files that take longest, longest first; the others follow by their size. */
const LONG = ["races", "thousand", "crash-groups", "second-device", "attacks-orders", "crash"];

const place = ({ moduleId }: TestSpecification): number => {
  const found = LONG.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
  return found === -1 ? LONG.length : found;
};

/** Long files begin first, so that at the end no worker waits long for another. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => place(a) - place(b));
  }
}

/** What Vitest reads; all else that concerns tests stands in vite.config.ts. */
export default mergeConfig(base, defineConfig({ test: { sequence: { sequencer: LongFirst } } }));
