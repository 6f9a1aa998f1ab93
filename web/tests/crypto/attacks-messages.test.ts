/** Attacks on messages, by a member and by the server: refused, state unchanged, the next message is read. */

import type { ClientState } from "ts-mls";
import { beforeAll, describe, expect, it } from "vitest";
import { encodeAuthenticatedData } from "../../src/crypto/authenticated-data";
import { encodePlaintext, frankingTag } from "../../src/crypto/plaintext";
import { commitData, envelope, expectRefused, hostileMessage } from "./attacker";
import {
  copyOf,
  engine,
  healed,
  hear,
  newPair,
  now,
  type Pair,
  said,
  seenAt,
  speak,
  texts,
  zeros,
} from "./people-in-groups";

let fresh: Pair;
let pair: Pair;
beforeAll(async () => {
  fresh = await newPair();
});

const start = (): Pair => (pair = copyOf(fresh));

describe("hostile messages of a member", () => {
  it("a plaintext that is not framed or padded as agreed", async () => {
    start();
    const padded = encodePlaintext({ k: zeros(32), content: said("x") });
    const dirty = padded.slice();
    dirty[255] = 1;
    for (const plaintext of [zeros(0), padded.slice(0, 255), dirty, new Uint8Array(512), said("hello")])
      await expectRefused(pair, await hostileMessage(pair, { plaintext }), "plaintext");
  });

  it("a franking tag that does not cover the content", async () => {
    start();
    const tag = await frankingTag({ k: zeros(32), content: said("harmless") });
    const data = encodeAuthenticatedData({ seen: seenAt(1), frankingTag: tag, orderHashes: [] });
    await expectRefused(pair, await hostileMessage(pair, { data }), "franking_tag");
  });

  it("authenticated data of a commit, with orders, or none", async () => {
    start();
    const orders = { seen: seenAt(1), frankingTag: zeros(32), orderHashes: [zeros(32)] };
    for (const data of [commitData(), encodeAuthenticatedData(orders), zeros(0), said("x")])
      await expectRefused(pair, await hostileMessage(pair, { data }), "authenticated_data");
  });

  it("from an empty leaf or too far ahead in the ratchet", async () => {
    start();
    const ahead = (by: number) => (state: ClientState) => {
      const secretTree = state.secretTree.slice();
      const node = secretTree[2]!;
      const application = { ...node.application, generation: node.application.generation + by };
      secretTree[2] = { ...node, application };
      return { ...state, secretTree };
    };
    await expectRefused(pair, await hostileMessage(pair, { state: ahead(5_001) }), "generation_too_far");
    const nowhere = (state: ClientState) => {
      const secretTree = [...state.secretTree, state.secretTree[2]!, state.secretTree[2]!];
      return { ...state, secretTree, privatePath: { ...state.privatePath, leafIndex: 2 } };
    };
    await expectRefused(pair, await hostileMessage(pair, { state: nowhere }), "sender_unknown");
  });

  it("reports a log that the sender saw differently", async () => {
    start();
    const lie = await engine.encrypt({
      state: pair.states.bilal,
      content: said("what did you see?"),
      seen: { seq: 1, transcript: zeros(32).fill(0xee) },
      roster: pair.roster,
      now,
    });
    const [result] = await hear(pair, "asma", envelope(pair, "application", lie.body));
    expect(result).toMatchObject({ kind: "application", seen: { seq: 1, transcript: zeros(32).fill(0xee) } });
  });
});

describe("what the server can do to bytes", () => {
  it("replays", async () => {
    start();
    const hello = await speak(pair, "bilal", "hello", 2);
    expect(texts(await hear(pair, "asma", hello))).toEqual(["hello"]);
    await expectRefused(pair, { ...hello, seq: 50 }, "replayed");
  });

  it("swaps two messages: both are read, each with what its sender had seen", async () => {
    start();
    const one = await speak(pair, "bilal", "one", 2);
    const two = await speak(pair, "bilal", "two", 3);
    const results = await hear(pair, "asma", { ...two, seq: 2 }, { ...one, seq: 3 });
    expect(texts(results)).toEqual(["two", "one"]);
    expect(results).toMatchObject([{ seen: seenAt(2) }, { seen: seenAt(1) }]);
  });

  it.each(["application", "commit"] as const)("flips any bit or cuts any part of a %s", async (kind) => {
    start();
    const frame =
      kind === "application" ? await speak(pair, "bilal", "x", 50) : await healed(copyOf(pair), "bilal", 50);
    const before = pair.states.asma;
    const step = Math.ceil(frame.body.length / 60);
    for (let at = 0; at < frame.body.length; at += step) {
      const body = frame.body.slice();
      body[at]! ^= 1 << (at % 8);
      const [flipped] = await hear(pair, "asma", { ...frame, body });
      const [cut] = await hear(pair, "asma", { ...frame, body: frame.body.slice(0, at) });
      for (const result of [flipped, cut]) expect(["refused", "waiting"]).toContain(result!.kind);
    }
    const [longer] = await hear(pair, "asma", { ...frame, body: new Uint8Array([...frame.body, 0]) });
    expect(longer).toMatchObject({ kind: "refused", code: "frame_malformed" });
    expect(pair.states.asma).toBe(before);
    expect(await hear(pair, "asma", frame)).toMatchObject([{ kind }]);
  });

  it("sends a frame larger than any may be", async () => {
    start();
    await expectRefused(pair, envelope(pair, "application", zeros(65_537)), "frame_malformed");
    await expectRefused(pair, envelope(pair, "commit", zeros(786_433)), "frame_malformed");
  });
});
