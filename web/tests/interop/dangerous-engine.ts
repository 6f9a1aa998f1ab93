/**
 * DANGEROUS, for the test of interoperability alone: an engine that takes members of a foreign MLS implementation. It
 * is a subclass in the tests' folder, so production code has no way to reach it (a test in `library.test.ts` also
 * finds the word in no source file).
 *
 * Relaxed: another client's capabilities and its long-lived KeyPackages, and frames without authenticated data, which
 * that library's binding cannot set. Everything else is checked as always: suite, group, epoch, credential, roster.
 */

import { LocalEngine } from "../../src/crypto/engine";
import type { Profile } from "../../src/crypto/mls/profile";

export class DangerousInteropEngine extends LocalEngine {
  protected override readonly profile: Profile = {
    acceptsCapabilities: () => true,
    maxSpan: Number.MAX_SAFE_INTEGER,
    acceptsEmptyAuthenticatedData: true,
  };
}
