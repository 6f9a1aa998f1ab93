/**
 * Attacks on groups by members who have thrown Beep's rules away, and by a server that plays along: every hostile
 * handshake is refused with the state as it was, and the next message is understood.
 */

import {
  createApplicationMessage,
  createCommit,
  defaultAuthenticationService,
  emptyPskIndex,
  encodeMlsMessage,
  type KeyPackage,
  processPrivateMessage,
  type Proposal,
} from "ts-mls";
import { signKeyPackage } from "ts-mls/keyPackage.js";
import { signLeafNodeKeyPackage } from "ts-mls/leafNode.js";
import { describe, expect, it } from "vitest";
import type { InEnvelope } from "../../src/crypto/api";
import { encodeAuthenticatedData } from "../../src/crypto/authenticated-data";
import { ciphersuite, decodeKeyPackage, decodeMessage } from "../../src/crypto/mls/library";
import { clientConfig } from "../../src/crypto/mls/profile";
import { encodePlaintext, frankingTag } from "../../src/crypto/plaintext";
import { altered } from "./attacker";
import { engine, said, seenAt, zeros } from "./people-in-groups";
import { codeOf } from "./vectors";
import { groupPolicy, order, Resident, role, type Scene, scene, Village } from "./village";

const classical = await ciphersuite(0x0001);
const nothingSaid = encodeAuthenticatedData({ seen: seenAt(3), frankingTag: zeros(0), orderHashes: [] });

describe("a member who breaks the rules of membership", () => {
  type Forgery = (scene: Scene) => Parameters<Village["forges"]>[1];
  const forgeries: Record<string, Forgery> = {
    "adds a stranger": ({ david }) => ({ add: [david] }),
    "adds a stranger and calls it an admin's doing": ({ asma, david }) => ({
      add: [david],
      roles: [role(asma, "member")],
    }),
    "removes a person": ({ carol }) => ({ remove: [carol] }),
    "removes a person and ends the membership": ({ carol }) => ({
      remove: [carol],
      roles: [role(carol, "none")],
    }),
    "removes the admin": ({ asma }) => ({ remove: [asma] }),
    "makes itself an admin": ({ bilal }) => ({ roles: [role(bilal, "admin")] }),
    "makes a friend an admin": ({ carol }) => ({ roles: [role(carol, "admin")] }),
    "takes the admin's role": ({ asma }) => ({ roles: [role(asma, "member")] }),
    "invites somebody": ({ david }) => ({ roles: [role(david, "invited")] }),
  };

  it.each(Object.entries(forgeries))("%s", async (_name, forgery) => {
    const all = await scene();
    const hostile = await all.village.forges(all.bilal, forgery(all));
    await all.village.refuses(all.bilal, hostile, "membership_refused");
  });

  it("as an admin who was demoted in the log, whatever its own map says", async () => {
    const { village, asma, bilal, david } = await scene();
    await village.commits(asma, { roles: [role(bilal, "admin")] });
    await village.commits(bilal, { roles: [role(asma, "member")] });
    await village.refuses(asma, await village.forges(asma, { add: [david] }), "membership_refused");
  });

  it("as somebody whose membership was ended, through a device left behind", async () => {
    const { village, asma, bilal, carol } = await scene();
    const phone = await Resident.arrives(carol.person);
    await village.commits(carol, { add: [phone] });
    // Ending the membership must take all devices along.
    const half = await village.forges(asma, { remove: [carol], roles: [role(carol, "none")] });
    await village.refuses(asma, half, "membership_refused");
    await village.commits(asma, { remove: [carol, phone], roles: [role(carol, "none")] });
    expect([carol.state, phone.state]).toEqual([null, null]);
    await village.refuses(
      bilal,
      await village.forges(bilal, { add: [await carol.returns()] }),
      "membership_refused",
    );
  });

  it("with roles twice, or in another order than the one", async () => {
    const { village, bilal, carol } = await scene();
    const commit = await village.forges(bilal, { roles: [role(bilal, "admin"), role(carol, "admin")] });
    const message = decodeMessage(commit.body, 100_000, "frame_malformed");
    if (message.wireformat !== "mls_public_message") throw new Error("not public");
    const data = message.publicMessage.content.authenticatedData;
    // The last 34 bytes are the two role changes.
    const swapped = new Uint8Array([...data.slice(0, -34), ...data.slice(-17), ...data.slice(-34, -17)]);
    const doubled = new Uint8Array([...data.slice(0, -17), ...data.slice(-34, -17)]);
    for (const authenticatedData of [swapped, doubled, data.slice(0, -1)]) {
      const body = altered(commit.body, (frame) => {
        if (frame.wireformat !== "mls_public_message") return frame;
        const { publicMessage } = frame;
        const content = { ...publicMessage.content, authenticatedData };
        return { ...frame, publicMessage: { ...publicMessage, content } };
      });
      await village.refuses(bilal, { ...commit, body }, "authenticated_data");
    }
  });
});

describe("orders", () => {
  it("that nobody has, are waited for and never believed", async () => {
    const { village, bilal, carol } = await scene();
    const forged = order("remove", carol);
    const hostile = await village.forges(bilal, { remove: [carol], orderHashes: [forged.hash] });
    await village.refuses(bilal, hostile, "orders_unknown", "waiting");
    // Somebody who is no member cannot make anybody wait.
    const unsigned = altered(hostile.body, (frame) => {
      if (frame.wireformat !== "mls_public_message") return frame;
      const { publicMessage } = frame;
      const auth = { ...publicMessage.auth, signature: zeros(64) };
      return { ...frame, publicMessage: { ...publicMessage, auth } };
    });
    await village.refuses(bilal, { ...hostile, body: unsigned }, "not_authentic");
  });

  it("of another kind, for another device or already executed justify nothing", async () => {
    const { village, bilal, carol, asma } = await scene();
    for (const other of [order("remove", asma), order("add", carol), order("leave", asma)]) {
      village.standing.orders = [other];
      const hostile = await village.forges(bilal, { remove: [carol], orders: [other] });
      await village.refuses(bilal, hostile, "membership_refused");
    }
    const put = order("remove", carol);
    const idle = await village.forges(bilal, { orders: [put] });
    village.standing.orders = [put];
    await village.refuses(bilal, idle, "membership_refused");
    const doubled = await village.forges(bilal, { remove: [carol], orderHashes: [put.hash, put.hash] });
    await village.refuses(bilal, doubled, "membership_refused");
  });

  it("count once, also within one batch", async () => {
    const { village, asma, bilal, carol } = await scene();
    const away = asma.current;
    const put = order("remove", carol);
    const first = await village.commits(bilal, { remove: [carol], orders: [put] });
    const back = await carol.returns();
    const asked = order("add", back);
    const second = await village.commits(bilal, { add: [back], orders: [asked] });
    const third = await village.forges(bilal, { remove: [back], orders: [put] });
    const { current } = asma;
    asma.state = away;
    village.standing.orders = [put, asked];
    const results = await village.reads(asma, first, second, third);
    expect(results.map(({ kind }) => kind)).toEqual(["commit", "commit", "waiting"]);
    expect((await engine.describe(asma.current)).epoch).toBe((await engine.describe(current)).epoch);
  });

  it("by one request to leave count once, whatever the authority signs over it", async () => {
    const { village, asma, bilal, carol } = await scene();
    const away = bilal.current;
    const left = order("leave", carol);
    const ends = [role(carol, "none")];
    const first = await village.commits(asma, { remove: [carol], roles: ends, orders: [left] });
    const back = await carol.returns();
    const second = await village.commits(asma, { add: [back] });
    const again = { ...order("leave", back), request: left.request };
    const third = await village.forges(asma, { remove: [back], roles: ends, orders: [again] });
    const wish = { ...again, request: new Uint8Array(64).fill(7) };
    for (const [orders, kind] of [
      [[left, again], "waiting"],
      [[left, { ...wish, hash: again.hash }], "commit"],
    ] as const) {
      bilal.state = away;
      village.standing.orders = [...orders];
      const results = await village.reads(bilal, first, second, third);
      expect(results.map((one) => one.kind)).toEqual(["commit", "commit", kind]);
    }
  });

  it("do not add a stranger, a person after a reset, or a third person to a direct conversation", async () => {
    const { village, bilal, carol, david } = await scene();
    const stranger = order("add", david);
    village.standing.orders = [stranger];
    const add = await village.forges(bilal, { add: [david], orders: [stranger] });
    await village.refuses(bilal, add, "membership_refused");
    // Carol was reset: a new device under a new base.
    const reborn = await Resident.arrives(carol.person);
    village.knows(reborn);
    const base = zeros(32).fill(2);
    village.chainSays(reborn, { base });
    const first = { person: carol.person, base: carol.device.entry.base };
    village.standing.bases = [first, { person: carol.person, base }];
    const asked = order("add", reborn);
    village.standing.orders = [asked];
    const readd = await village.forges(bilal, { remove: [carol], add: [reborn], orders: [asked] });
    await village.refuses(bilal, readd, "membership_refused");
    const direct = groupPolicy({
      kind: "direct",
      persons: [bilal.person, carol.person].sort((a, b) => Buffer.compare(a, b)),
      suite: 0x0053,
      sizeClass: "normal",
    });
    const [one, two, third] = await Promise.all(
      [bilal.person, carol.person, david.person].map((person) => Resident.arrives(person, 0x0053)),
    );
    const pair = await Village.begun(one!, [two!], direct);
    pair.knows(third!);
    const ordered = order("add", third!);
    pair.standing.orders = [ordered];
    const intruding = await pair.forges(two!, { add: [third!], orders: [ordered] });
    await pair.refuses(two!, intruding, "person_not_in_conversation");
  });
});

describe("time", () => {
  it("a removed member's state opens nothing of the next epoch, with or without Beep's rules", async () => {
    const { village, asma, carol } = await scene();
    const { state: stolen } = await village.groupOf(carol);
    await village.commits(asma, { remove: [carol], roles: [role(carol, "none")] });
    const secret = await village.speaks(asma, "without Carol");
    const message = decodeMessage(secret.body, 65_536, "frame_malformed");
    if (message.wireformat !== "mls_private_message") throw new Error("not private");
    for (const epoch of [message.privateMessage.epoch, stolen.groupContext.epoch]) {
      const frame = { ...message.privateMessage, epoch };
      await expect(processPrivateMessage(stolen, frame, emptyPskIndex, classical)).rejects.toThrow();
    }
  });

  it("a newcomer opens nothing from before it came", async () => {
    const { village, asma, david } = await scene();
    const before = await village.speaks(asma, "before David");
    await village.commits(asma, { add: [david] });
    expect(await village.reads(david, before)).toMatchObject([{ kind: "refused", code: "epoch_old" }]);
    const { state } = await village.groupOf(david);
    const message = decodeMessage(before.body, 65_536, "frame_malformed");
    if (message.wireformat !== "mls_private_message") throw new Error("not private");
    for (const epoch of [message.privateMessage.epoch, state.groupContext.epoch]) {
      const frame = { ...message.privateMessage, epoch };
      await expect(processPrivateMessage(state, frame, emptyPskIndex, classical)).rejects.toThrow();
    }
  });

  it("a commit replayed, or of a fork that lost, is refused", async () => {
    const { village, asma, bilal } = await scene();
    const lost = await village.forges(bilal, {});
    const taken = await village.commits(asma);
    await village.refuses(asma, { ...taken, seq: 90 }, "epoch_old");
    await village.refuses(bilal, { ...lost, seq: 91 }, "epoch_old");
  });

  it("a commit by a leaf that was removed is refused, wherever the server puts it", async () => {
    const { village, asma, bilal, carol } = await scene();
    const late = await village.forges(carol, {});
    await village.commits(asma, { remove: [carol], roles: [role(carol, "none")] });
    await village.refuses(bilal, late, "epoch_old");
    const { epoch } = await engine.describe(asma.current);
    const moved = altered(late.body, (frame) => {
      if (frame.wireformat !== "mls_public_message") return frame;
      const { publicMessage } = frame;
      return {
        ...frame,
        publicMessage: { ...publicMessage, content: { ...publicMessage.content, epoch: BigInt(epoch) } },
      };
    });
    await village.refuses(bilal, { ...late, epoch, body: moved }, "sender_unknown");
  });

  it("a commit in the name of who took a freed leaf is not believed", async () => {
    const { village, asma, bilal, carol, david } = await scene();
    const late = await village.forges(carol, {});
    await village.commits(asma, { remove: [carol], add: [david], roles: [role(carol, "none")] });
    const { epoch } = await engine.describe(asma.current);
    const moved = altered(late.body, (frame) => {
      if (frame.wireformat !== "mls_public_message") return frame;
      const { publicMessage } = frame;
      return {
        ...frame,
        publicMessage: { ...publicMessage, content: { ...publicMessage.content, epoch: BigInt(epoch) } },
      };
    });
    const hostile: InEnvelope = { ...late, epoch, body: moved, sender: david.id };
    for (const one of [asma, bilal])
      expect(await village.reads(one, hostile)).toMatchObject([
        { kind: "refused", code: "path_leaf_changed" },
      ]);
    await village.talks();
  });

  it("speech of a member who was removed by the commit before it is refused", async () => {
    const { village, asma, bilal, carol } = await scene();
    const words = await village.speaks(carol, "too late");
    await village.commits(asma, { remove: [carol], roles: [role(carol, "none")] });
    await village.refuses(bilal, words, "epoch_old");
  });
});

describe("keys", () => {
  /** Bilal's second device brings a leaf key that is another's, rightly signed by itself. */
  async function copying(all: Scene, key: Uint8Array): Promise<Proposal> {
    const device = await Resident.arrives(all.bilal.person);
    all.village.knows(device);
    const own = decodeKeyPackage(device.keyPackage.keyPackage);
    const { signaturePrivate } = device.device.keys;
    const leaf = { ...own.leafNode, hpkePublicKey: key, leafNodeSource: "key_package" } as const;
    const leafNode = await signLeafNodeKeyPackage(leaf, signaturePrivate, classical.signature);
    const unsigned = { ...own, leafNode } as KeyPackage;
    const keyPackage = await signKeyPackage(unsigned, signaturePrivate, classical.signature);
    return { proposalType: "add", add: { keyPackage } };
  }

  it("of another leaf or parent cannot be brought in: no newcomer would take the tree any more", async () => {
    const all = await scene();
    const { village, bilal, asma } = all;
    await village.commits(asma);
    const { state } = await village.groupOf(bilal);
    for (const node of [state.ratchetTree[0], state.ratchetTree[1]]) {
      const key = node?.nodeType === "leaf" ? node.leaf.hpkePublicKey : node?.parent.hpkePublicKey;
      const proposal = await copying(all, key!);
      // Bilal's own client would not make it either; the library, left to itself, makes and takes it.
      const forging = () => village.forges(bilal, { proposals: [proposal], path: false });
      expect(await codeOf(forging)).toBe("key_package_refused");
      const made = await createCommit(
        {
          state: { ...state, clientConfig: clientConfig(defaultAuthenticationService) },
          cipherSuite: classical,
        },
        { wireAsPublicMessage: true, extraProposals: [proposal], authenticatedData: nothingSaid },
      );
      const { epoch } = state.groupContext;
      const hostile = village.frame(bilal, "commit", encodeMlsMessage(made.commit), Number(epoch));
      await village.refuses(bilal, hostile, "key_package_refused");
    }
  });
});

describe("messages", () => {
  it("with role changes or order hashes in their authenticated data are refused", async () => {
    const { village, bilal, carol } = await scene();
    const { state } = await village.groupOf(bilal);
    const plaintext = { k: zeros(32), content: said("x") };
    const { hash } = order("remove", carol);
    const data = encodeAuthenticatedData({
      ...{ seen: seenAt(1), frankingTag: await frankingTag(plaintext), orderHashes: [hash], roles: [] },
    });
    const made = await createApplicationMessage(state, encodePlaintext(plaintext), classical, data);
    const { privateMessage } = made;
    const body = encodeMlsMessage({ version: "mls10", wireformat: "mls_private_message", privateMessage });
    const hostile = village.frame(bilal, "application", body, 1);
    await village.refuses(bilal, hostile, "authenticated_data");
  });
});
