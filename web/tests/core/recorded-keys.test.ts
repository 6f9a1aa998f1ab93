/**
 * A map proof from an older epoch hides a revocation: answers that the real server gave before and after it, served in
 * every order to the client. `BEEP_TEST_RECORDED` names the recording, which tests/accounts/test_old_proofs.py makes.
 */

import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import type { Id } from "../../src/core/api";
import { idBytes } from "../../src/core/ids";
import { KeyLog } from "../../src/core/keylog";
import { parseStatement, statementHash } from "../../src/crypto/identity";
import { parsePolicy, verifyAnswer } from "../../src/crypto/transparency";
import { TransportError } from "../../src/transport";
import { ruleOf } from "../crypto/vectors";
import { TestDevice } from "./device";
import { ServerDouble } from "./double";
import type { KeyLogShown } from "./double-keys";

interface Answer {
  checkpoint: string;
  consistency: string[];
  epoch: string;
  inclusion: string[];
  people: { person: string; proof: string; statements: string[] }[];
}

/** `first`: before the revocation. `second`: some epochs after it; its `consistency` leads from the first. */
interface Recording {
  policy: string;
  person: Id;
  revoked: Id;
  chains: Record<"first" | "second", string[]>;
  answers: Record<"first" | "second", Answer>;
}

const HOUR_MS = 3_600_000;
const path = process.env["BEEP_TEST_RECORDED"];
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64url"));
const sizeOf = ({ checkpoint }: Answer): number => Number(checkpoint.split("\n")[1]);

describe.skipIf(path === undefined)("an old proof", () => {
  let recording: Recording;
  let first: Answer;
  let second: Answer;
  /** The newest checkpoint, epoch and inclusion with the proof from before the revocation. */
  let hidden: Answer;

  beforeEach(() => {
    recording = JSON.parse(readFileSync(path ?? "", "utf8")) as Recording;
    ({ first, second } = recording.answers);
    hidden = { ...second, people: first.people };
  });

  describe("at the verifier", () => {
    const verify = (pin: Awaited<ReturnType<typeof verifyAnswer>> | null, answer: Answer) => {
      const asked = idBytes(recording.person);
      return verifyAnswer(parsePolicy(recording.policy), pin, [asked], {
        checkpoint: answer.checkpoint,
        consistency: answer.consistency.map(bytes),
        epoch: bytes(answer.epoch),
        inclusion: answer.inclusion.map(bytes),
        people: answer.people.map(({ person, proof }) => ({ person: idBytes(person), proof: bytes(proof) })),
      });
    };
    const newest = (which: "first" | "second") =>
      statementHash(parseStatement(bytes(recording.chains[which].at(-1) ?? "")).unsigned);

    it("was good in its time", async () => {
      const pin = await verify(null, first);
      expect(pin.values).toEqual([await newest("first")]);
      const now = await verify(pin, second);
      expect(now.size).toBeGreaterThan(pin.size + 1);
      expect(now.values).toEqual([await newest("second")]);
      expect(now.values).not.toEqual(pin.values);
    });

    it("with its own checkpoint is a log that has become shorter", async () => {
      const pin = await verify(await verify(null, first), second);
      expect(await ruleOf(() => verify(pin, { ...first, consistency: [] }))).toBe("rolled_back");
      expect(await ruleOf(() => verify(pin, { ...first, consistency: second.consistency }))).toBe(
        "rolled_back",
      );
    });

    it("under the newest checkpoint is not of its map", async () => {
      const pin = await verify(null, first);
      expect(await ruleOf(() => verify(pin, hidden))).toBe("map");
      const { epoch, inclusion } = first;
      // With its own epoch it would have to be the last one of the newest tree.
      expect(await ruleOf(() => verify(pin, { ...hidden, epoch }))).toBe("inclusion");
      expect(await ruleOf(() => verify(pin, { ...hidden, epoch, inclusion }))).toBe("inclusion");
    });
  });

  describe("at the client", () => {
    let server: ServerDouble;
    let reader: TestDevice;
    let shown: Answer;

    beforeEach(async () => {
      server = new ServerDouble();
      const keys: KeyLogShown = { policy: recording.policy, answer };
      server.keys = () => keys;
      reader = await TestDevice.create(server);
      await reader.start();
    });

    function answer(what: string, _: URLSearchParams, body: Record<string, unknown>): Promise<unknown> {
      const people = body["people"] as { person: Id }[] | undefined;
      // Nothing else was recorded.
      const isKnown = people?.length === 1 && people[0]?.person === recording.person;
      if (what !== "transparency/lookup" || !isKnown) return Promise.reject(new TransportError("busy"));
      const grown = body["pinned"] === sizeOf(first) && sizeOf(shown) > sizeOf(first);
      return Promise.resolve({ ...shown, consistency: grown ? second.consistency : [] });
    }

    /** The code with which somebody who remembers nothing but the store is refused, or the devices that are believed. */
    async function judged(chain: "first" | "second", given: Answer): Promise<string | number> {
      shown = given;
      server.chains.set(recording.person, recording.chains[chain].map(bytes));
      const { identities } = reader.sync!;
      const refresh = (person: Id) => identities.refresh(person);
      try {
        const [found] = await new KeyLog(reader.context).judge([await refresh(recording.person)], refresh);
        return found?.devices.length ?? 0;
      } catch (error) {
        return (error as { code?: string }).code ?? String(error);
      }
    }
    const record = async () => (await reader.context.store.get("account", "me"))?.value.keyLog;

    it("with its own checkpoint stops everything", async () => {
      expect(await judged("first", first)).toBe(2);
      expect(await judged("second", second)).toBe(1);
      expect(await judged("second", first)).toBe("keys_refused");
      expect((await record())?.alarm).toBe("rolled_back");
      expect(await judged("second", second)).toBe("keys_refused");
    }, 120_000);

    it("under the newest checkpoint stops everything", async () => {
      expect(await judged("first", first)).toBe(2);
      expect(await judged("first", hidden)).toBe("keys_refused");
      expect((await record())?.alarm).toBe("map");
      expect(await judged("second", second)).toBe("keys_refused");
    }, 120_000);

    it("is not needed to hide it: the chain alone, cut short under an honest map, is refused", async () => {
      expect(await judged("first", first)).toBe(2);
      expect(await judged("first", second)).toBe("identity_chain_refused");
    }, 120_000);

    it("of a whole view that stands still lasts until the quorum is old, and the members' word is heard", async () => {
      expect(await judged("first", first)).toBe(2);
      const { size, root } = await verifiedEnd();
      await reader.context.keyLog.heard({ size, root }, recording.person, recording.revoked);
      expect((await record())?.heard).toMatchObject([{ size, person: recording.person }]);
      reader.profile.offset += HOUR_MS + 60_000;
      expect(await judged("first", first)).toBe(2);
      const trust = await reader.context.keyLog.describe([recording.person]);
      const stateOf = (wanted: string) => trust?.checks.find(({ name }) => name === wanted)?.state;
      expect([stateOf("fresh"), stateOf("members")]).toEqual(["warning", "warning"]);
      reader.profile.offset += 24 * HOUR_MS;
      expect(await judged("first", first)).toBe("keys_stale");
    }, 120_000);

    const verifiedEnd = () =>
      verifyAnswer(parsePolicy(recording.policy), null, [], {
        checkpoint: second.checkpoint,
        consistency: [],
        epoch: bytes(second.epoch),
        inclusion: second.inclusion.map(bytes),
        people: [],
      });
  });
});
