/** Leaving a group, and members who pretend to be each other: a conversation with three devices. */

import { emptyPskIndex, encodeMlsMessage, processPublicMessage, type Proposal } from "ts-mls";
import { beforeAll, describe, expect, it } from "vitest";
import { decodeMessage } from "../../src/crypto/mls/library";
import { addOf, altered, attackerGroup, hostileCommit, hostileMessage, suite } from "./attacker";
import {
  added,
  copyOf,
  type Device,
  engine,
  hear,
  newDevice,
  newKeyPackage,
  newPair,
} from "./people-in-groups";
import { now, type Pair, read, seenAt, speak, texts, welcoming, zeros } from "./people-in-groups";
import { codeOf } from "./vectors";

const remove = (removed: number): Proposal => ({ proposalType: "remove", remove: { removed } });

/** Asma at leaf 0, Bilal at 1, Bilal's second computer at 2. */
interface Trio extends Pair {
  second: Device;
  secondState: Uint8Array;
}

let fresh: Trio;
beforeAll(async () => {
  const pair = await newPair();
  const second = await newDevice(pair.bilal.keys.person);
  const roster = [...pair.roster, second.entry];
  const packages = [await newKeyPackage(pair.bilal), await newKeyPackage(second)] as const;
  const begun = welcoming(
    await engine.begin({
      keys: pair.asma.keys,
      policy: pair.policy,
      add: [added(pair.bilal, packages[0]), added(second, packages[1])],
      roster,
      seen: seenAt(0),
      profile: zeros(0),
      now,
    }),
  );
  const { conversation, persons } = pair.policy;
  const expected = { conversation, persons, groupId: begun.groupId };
  const input = { welcome: begun.welcome, expected, roster, now };
  const bilal = await engine.join({ ...input, keys: pair.bilal.keys, keyPackage: packages[0] });
  const other = await engine.join({ ...input, keys: second.keys, keyPackage: packages[1] });
  const states = { asma: begun.pendingState, bilal: bilal.state };
  fresh = { ...pair, roster, begun, states, second, secondState: other.state };
});

const start = (): Trio => ({ ...copyOf(fresh), second: fresh.second, secondState: fresh.secondState });

describe("removal", () => {
  it("of exactly one member has an UpdatePath, and the removed member cannot read the next epoch", async () => {
    const trio = start();
    const { envelope: commit, state: next } = await hostileCommit(trio, [remove(2)]);
    const frame = decodeMessage(commit.body, 100_000, "frame_malformed");
    expect(frame).toMatchObject({ publicMessage: { content: { commit: { path: { nodes: [{}] } } } } });
    const [result] = await hear(trio, "asma", commit);
    expect(result).toMatchObject({ kind: "commit", epoch: 2, removed: [{ leaf: 2 }], added: [] });
    expect((await engine.describe(trio.states.asma)).members).toHaveLength(2);
    // What the removed device could try without Beep's rules: process the commit with the library itself.
    if (frame.wireformat !== "mls_public_message") throw new Error("not public");
    const victim = await attackerGroup({
      ...trio,
      states: { asma: trio.secondState, bilal: trio.secondState },
    });
    const after = await processPublicMessage(victim.state, frame.publicMessage, emptyPskIndex, suite);
    expect(after.newState.groupActiveState.kind).toBe("removedFromGroup");
    expect(after.newState.keySchedule.exporterSecret).not.toEqual(next.keySchedule.exporterSecret);
    expect(after.newState.groupContext.epoch).toBe(1n);
    const secret = await speak(trio, "asma", "without you", 3);
    const input = { groupId: trio.begun.groupId, roster: trio.roster, now, envelopes: [secret] };
    const { results } = await engine.process({ ...input, state: trio.secondState });
    expect(results).toEqual([{ kind: "waiting", seq: 3, code: "epoch_unknown" }]);
  });

  it("of oneself is found first, also when the same commit gives the leaf away", async () => {
    const trio = start();
    const third = await newDevice(trio.bilal.keys.person);
    trio.roster = [...trio.roster, third.entry];
    const { envelope: commit } = await hostileCommit(trio, [remove(2), await addOf(third)]);
    const input = { groupId: trio.begun.groupId, roster: trio.roster, now };
    const gone = await engine.process({ ...input, state: trio.secondState, envelopes: [commit] });
    expect(gone.results).toMatchObject([
      { kind: "commit", epoch: 2, removed: [{ leaf: 2 }], added: [], readmits: false },
    ]);
    const [result] = await hear(trio, "asma", commit);
    expect(result).toMatchObject({ kind: "commit", removed: [{ leaf: 2 }], added: [{ leaf: 2 }] });
    const inNext = await speak(trio, "asma", "new epoch", 3);
    const later = await engine.process({ ...input, state: gone.state, envelopes: [commit, inNext] });
    expect(later.results.map((one) => "code" in one && one.code)).toEqual(["removed", "removed"]);
    const seen = seenAt(3);
    const send = { state: gone.state, content: zeros(1), seen, roster: trio.roster, now };
    expect(await codeOf(() => engine.encrypt(send))).toBe("removed");
    expect(await codeOf(() => engine.heal(send))).toBe("removed");
    const slot = { state: gone.state, label: "read", counter: 1, plaintext: zeros(8) } as const;
    expect(await codeOf(() => engine.sealSlot(slot))).toBe("removed");
  });

  it("of oneself by a commit that nobody signed is not believed", async () => {
    const trio = start();
    const { envelope: commit } = await hostileCommit(trio, [remove(2)]);
    const body = altered(commit.body, (frame) => {
      if (frame.wireformat !== "mls_public_message") return frame;
      const { publicMessage } = frame;
      return {
        ...frame,
        publicMessage: { ...publicMessage, auth: { ...publicMessage.auth, signature: zeros(64) } },
      };
    });
    const input = { groupId: trio.begun.groupId, roster: trio.roster, now };
    const forged = { ...commit, body };
    const kept = await engine.process({ ...input, state: trio.secondState, envelopes: [forged] });
    expect(kept.results).toMatchObject([{ kind: "refused", code: "not_authentic" }]);
    expect(kept.state).toBe(trio.secondState);
  });
});

describe("members who pretend to be each other", () => {
  it("sender data naming another leaf is not believed: the signature decides", async () => {
    const trio = start();
    const pretend = await hostileMessage(trio, {
      state: (state) => ({ ...state, privatePath: { ...state.privatePath, leafIndex: 2 } }),
    });
    // The server plays along and names the second computer as the sender.
    const forged = { ...pretend, sender: trio.second.keys.device };
    const before = trio.states.asma;
    expect(await hear(trio, "asma", forged)).toMatchObject([{ kind: "refused", code: "not_authentic" }]);
    expect(await hear(trio, "asma", pretend)).toMatchObject([{ kind: "refused", code: "sender_mismatch" }]);
    expect(trio.states.asma).toBe(before);
    // The generation that the forgery used is still good for the one whose it is.
    const sent = await engine.encrypt({
      state: trio.secondState,
      content: new TextEncoder().encode("really me"),
      seen: seenAt(1),
      roster: trio.roster,
      now,
    });
    const real = { ...forged, body: sent.body };
    expect(texts(await hear(trio, "asma", real))).toEqual(["really me"]);
  });

  it("a commit in another member's name is not believed", async () => {
    const trio = start();
    const { envelope: commit } = await hostileCommit(trio, [], {}, (state) => ({
      ...state,
      privatePath: { ...state.privatePath, leafIndex: 2 },
    }));
    const forged = { ...commit, sender: trio.second.keys.device };
    expect(await hear(trio, "asma", forged)).toMatchObject([{ kind: "refused", code: "not_authentic" }]);
    expect(texts(await hear(trio, "asma", await speak(trio, "bilal", "on", 3)))).toEqual(["on"]);
  });

  it("a message is read by all devices of both persons", async () => {
    const trio = start();
    const hello = await speak(trio, "bilal", "both", 2);
    expect(texts(await hear(trio, "asma", hello))).toEqual(["both"]);
    const input = { groupId: trio.begun.groupId, roster: trio.roster, now, envelopes: [hello] };
    const { results } = await engine.process({ ...input, state: trio.secondState });
    expect(results.map((one) => (one.kind === "application" ? read(one.content) : one.kind))).toEqual([
      "both",
    ]);
    expect(encodeMlsMessage(decodeMessage(hello.body, 65_536, "frame_malformed"))).toEqual(hello.body);
  });
});
