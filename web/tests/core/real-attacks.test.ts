/**
 * Attacks A, B and D of a whole client against the real server, over a line that lies to one of three members: see
 * real-server.test.ts for what it needs. The attacker is a member whose keys are real and whose library keeps none of
 * Beep's rules; each of its frames is shown to the server's judge and, by the line, to the client's.
 */

import type { LeafNode, MLSMessage, Proposal } from "ts-mls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Id } from "../../src/core/api";
import { Identities } from "../../src/core/identities";
import { idBytes, idText } from "../../src/core/ids";
import { encodeAuthenticatedData } from "../../src/crypto/authenticated-data";
import { toHex } from "../../src/crypto/bytes";
import { credentialOf } from "../../src/crypto/mls/credential";
import type { Group } from "../../src/crypto/mls/state";
import { encodeOrderRequest, REQUEST_LABELS } from "../../src/crypto/orders";
import { type GroupRecord, numbered } from "../../src/store";
import { APPLICATION, COMMIT, type Envelope, type Mail, type Slot } from "../../src/wire/frames";
import { addOf, altered, hostileBody, inAuth, looseGroup, withProposals } from "../crypto/attacker";
import { type Device, seenAt, zeros } from "../crypto/people-in-groups";
import { allHear, Colleague, demo, freePeople, manage, newcomer, url } from "./colleague";
import { honest, LyingLine, type Rule } from "./lying-line";
import { until } from "./node";

/** What the server says where it can tell; null where only who has the group's secrets can. */
type Verdict = string | null;
type Hostile = (group: Group, commit: Uint8Array) => Promise<Uint8Array> | Uint8Array;

const content = (body: Uint8Array, change: (content: object) => object): Uint8Array =>
  altered(body, (frame) => {
    if (frame.wireformat !== "mls_public_message") throw new Error("not public");
    const { publicMessage } = frame;
    return {
      ...frame,
      publicMessage: { ...publicMessage, content: change(publicMessage.content) },
    } as MLSMessage;
  });

describe.skipIf(url === undefined || demo === undefined)("attacks on a client of a real server", () => {
  const line = new LyingLine();
  /** Admin, attacker, who is lied to, and one who is not in the group. */
  let omar: Colleague;
  let bilal: Colleague;
  let asma: Colleague;
  let zara: Colleague;
  let group: Id;

  beforeAll(async () => {
    const free = freePeople();
    asma = new Colleague(free.shift()!);
    asma.tab.line = line.through;
    await asma.activate();
    omar = await newcomer(free);
    bilal = await newcomer(free);
    zara = await newcomer(free);
    const persons = [asma.personId, bilal.personId];
    group = await omar.app.createGroup({ name: "Audit", picture: null, persons });
    for (const one of [asma, bilal])
      await one.row(group, ({ standing, name }) => standing === "in" && name !== "");
    // Everybody has spoken, so that no healing commit comes in between.
    for (const one of [omar, bilal, asma])
      await allHear([omar, bilal, asma], one, group, `here is ${one.personId}`);
  }, 120_000);

  afterAll(async () => {
    await Promise.all([omar, bilal, asma, zara].map((one) => one.app.signOut()));
  }, 120_000);

  async function record(one: Colleague): Promise<GroupRecord> {
    const { store } = one.context;
    const blind = await store.conversation(group);
    const { generation } = (await store.get("conversations", blind))!.value;
    return (await store.get("groups", numbered(blind, generation)))!.value;
  }

  async function outcome(seq: number): Promise<string> {
    const { store } = asma.context;
    const row = await store.get("log", numbered(await store.conversation(group), seq));
    return row ? `${row.value.outcome} ${row.value.code ?? ""}` : "nothing";
  }

  /** Bilal says something, and Asma's line tells another envelope in its place; gives that place. */
  async function instead(change: (envelope: Envelope) => Envelope): Promise<number> {
    const device = bilal.context.self.device;
    let seq = 0;
    const swap = (envelope: Envelope): Envelope => {
      const said = envelope.kind === APPLICATION && idText(envelope.device) === device;
      if (!said || (seq !== 0 && seq !== envelope.seq)) return envelope;
      seq = envelope.seq;
      return change(envelope);
    };
    line.rule = onEnvelopes(swap);
    await bilal.app.send(group, "this is withheld from Asma");
    await expect.poll(() => seq, { timeout: 60_000 }).toBeGreaterThan(0);
    await expect.poll(() => outcome(seq), { timeout: 60_000 }).not.toBe("nothing");
    line.rule = honest;
    return seq;
  }

  /** The frame is refused by the server, where it can tell, and by Asma, whose state stays and whose next word is read. */
  async function refusedByBoth(body: Uint8Array, verdict: Verdict, code: string): Promise<void> {
    const before = await record(asma);
    if (verdict !== null) {
      const { store, link } = bilal.context;
      const { value } = (await store.get("conversations", await store.conversation(group)))!;
      const { generation, counter } = value;
      const { epoch } = await record(bilal);
      const sent = {
        conversation: idBytes(group),
        generation,
        epoch,
        counter: counter + 1,
        body,
        welcome: null,
      };
      const refused = link.request("commit", sent);
      await expect(refused).rejects.toMatchObject({ code: "frame_refused", detail: { rule: verdict } });
    }
    const seq = await instead((envelope) => ({ ...envelope, kind: COMMIT, body }));
    expect(await outcome(seq)).toBe(`refused ${code}`);
    await allHear([omar, bilal], asma, group, `unmoved at ${String(seq)}`);
    const after = await record(asma);
    expect([after.epoch, after.membership]).toEqual([before.epoch, before.membership]);
    const [was, is] = [await looseGroup(before.state!), await looseGroup(after.state!)];
    expect(is.state.groupContext).toEqual(was.state.groupContext);
    expect(is.state.ratchetTree).toEqual(was.state.ratchetTree);
  }

  const FORMS: Record<string, [make: Hostile, verdict: Verdict, code: string]> = {
    "a signature over something else": [
      (_, commit) => altered(commit, (frame) => inAuth(frame, (auth) => ({ ...auth, signature: zeros(64) }))),
      null,
      "not_authentic",
    ],
    "a commit of another group": [
      (_, commit) => content(commit, (one) => ({ ...one, groupId: zeros(32) })),
      "mls_group_mismatch",
      "group_id",
    ],
    "a commit of another epoch": [
      (_, commit) => content(commit, (one) => ({ ...one, epoch: 77n })),
      "mls_epoch_mismatch",
      "epoch_mismatch",
    ],
    "a proposal by reference": [
      (_, commit) =>
        altered(commit, (frame) =>
          withProposals(frame, [{ proposalOrRefType: "reference", reference: zeros(64) }]),
        ),
      "mls_proposal_by_reference",
      "proposal_reference",
    ],
    "a commit from outside": [
      (_, commit) =>
        altered(commit, (frame) => {
          if (frame.wireformat !== "mls_public_message") throw new Error("not public");
          const { content: inner, auth } = frame.publicMessage;
          const sender = { senderType: "external", senderIndex: 0 };
          // A membership tag is a member's.
          const publicMessage = { content: { ...inner, sender }, auth, senderType: "external" };
          return { ...frame, publicMessage } as MLSMessage;
        }),
      "mls_sender_external",
      "sender_type",
    ],
    "other extensions of the group's context": [
      async (loose) => {
        const proposal: Proposal = {
          proposalType: "group_context_extensions",
          groupContextExtensions: { extensions: [] },
        };
        return (await hostileBody(loose, [proposal])).body;
      },
      "mls_proposal_group_context_extensions",
      "proposal_type",
    ],
    "a path under another's name": [
      async (loose) => {
        const own = loose.state.privatePath.leafIndex;
        const { body } = await hostileBody(loose, [], {}, (state) => {
          const tree = state.ratchetTree.slice();
          const node = tree[own * 2];
          if (node?.nodeType !== "leaf") throw new Error("no leaf");
          const credential = credentialOf(asma.context.self.keys);
          tree[own * 2] = { nodeType: "leaf", leaf: { ...node.leaf, credential } as LeafNode };
          return { ...state, ratchetTree: tree };
        });
        return body;
      },
      "mls_path_credential",
      "path_leaf_changed",
    ],
    "the removal of another member": [
      async (loose) => {
        const other = loose.state.ratchetTree.findIndex(
          (node, i) => node?.nodeType === "leaf" && i / 2 !== loose.state.privatePath.leafIndex,
        );
        const remove: Proposal = { proposalType: "remove", remove: { removed: other / 2 } };
        return (await hostileBody(loose, [remove])).body;
      },
      "remove",
      "membership_refused",
    ],
    "a stranger whom a member lets in": [
      async (loose) => (await hostileBody(loose, [await addOf(stranger())])).body,
      "stranger",
      "membership_refused",
    ],
  };

  const stranger = (): Device => ({ keys: zara.context.self.keys }) as Device;

  it.each(Object.entries(FORMS))(
    "A: %s",
    async (_name, [make, verdict, code]) => {
      const loose = await looseGroup((await record(bilal)).state!);
      const { body } = await hostileBody(loose, []);
      await refusedByBoth(await make(loose, body), verdict, code);
    },
    120_000,
  );

  it("A: the line's lies are shown, and a true commit is followed", async () => {
    await asma.told(group, "log-mismatch");
    await omar.told(group, "log-mismatch");
    await omar.app.setAdmin(group, asma.personId, true);
    await until(asma.app.details(group), (now) => now?.myRole === "admin");
    await allHear([omar, bilal, asma], asma, group, "an admin now");
  }, 120_000);

  it("B: an order of the authority lets no stranger in, though the stranger asks for it", async () => {
    const { self, env } = zara.context;
    const { groupId } = await record(asma);
    const [person, device] = [idBytes(zara.personId), idBytes(self.device)];
    const chains = new Identities(zara.context, () => Promise.resolve());
    const { hash: statementHash } = await chains.fresh(zara.personId);
    const label = REQUEST_LABELS.add;
    const asked = encodeOrderRequest({ groupId: groupId!, person, device, statementHash });
    const request = await env.engine.signWithDevice({ keys: self.keys, label, content: asked });
    const hash = await ordered({ groupId: groupId!, person, device, statementHash, request });
    const loose = await looseGroup((await record(bilal)).state!);
    const naming = { seen: seenAt(1), frankingTag: zeros(0), orderHashes: [hash] };
    const options = { authenticatedData: encodeAuthenticatedData(naming) };
    const { body } = await hostileBody(loose, [await addOf(stranger())], options);
    await refusedByBoth(body, "stranger", "membership_refused");
    // Nobody else carries it out either.
    await omar.app.renameGroup(group, "Audit and accounts");
    await asma.row(group, ({ name }) => name === "Audit and accounts");
    for (const one of [omar, bilal, asma]) expect((await record(one)).devices).toHaveLength(3);
  }, 120_000);

  it("D: speech of an epoch that has ended is refused behind the commit", async () => {
    const said = line.heard.flatMap((told) => (told.t === "envelopes" ? told.envelopes : []));
    const { epoch } = await record(asma);
    const device = bilal.context.self.device;
    const old = said.findLast(
      (one) => one.kind === APPLICATION && one.epoch < epoch && idText(one.device) === device,
    )!;
    const seq = await instead((envelope) => ({ ...old, seq: envelope.seq, counter: envelope.counter }));
    expect(await outcome(seq)).toBe("refused epoch_old");
    await allHear([omar, bilal], asma, group, "nothing of before is said again");
  }, 120_000);

  it("D: a Welcome of before changes nothing", async () => {
    const { state, epoch } = await record(asma);
    const mail = line.heard.flatMap((told) => (told.t === "mail" ? told.items : []));
    const old = mail.find((item) => idText(item.conversation) === group)!;
    const last = Math.max(...mail.map((item) => item.seq));
    let handed = 0;
    const again: Mail[] = [last + 1, last + 2].map((seq, i) => ({
      ...old,
      seq,
      log_seq: old.log_seq + i * 1_000,
    }));
    line.rule = (told) => {
      if (told.t !== "mail") return told;
      handed += 1;
      return { ...told, items: [...told.items, ...(handed === 1 ? again : [])] };
    };
    line.say({ t: "mail_waiting", last: last + 2 });
    await expect.poll(() => handed, { timeout: 60_000 }).toBeGreaterThan(0);
    line.rule = honest;
    await allHear([omar, bilal, asma], omar, group, "where we were");
    await allHear([omar, bilal, asma], asma, group, "there we are");
    const after = await record(asma);
    expect(after.epoch).toBe(epoch);
    expect((await looseGroup(after.state!)).state.groupContext).toEqual(
      (await looseGroup(state!)).state.groupContext,
    );
  }, 120_000);

  it("D: a read position of before takes no read mark back", async () => {
    const slots = (): Slot[] => line.heard.flatMap((told) => (told.t === "slot_changed" ? [told.slot] : []));
    const readBy = async (text: string): Promise<void> => {
      await asma.app.send(group, text);
      for (const one of [omar, bilal]) {
        const { seq } = await one.hears(group, text);
        await one.app.markRead(group, seq!);
      }
      const read = (one: { text: string; state: string | null }): boolean =>
        one.text === text && one.state === "read";
      await asma.items(group, (all) => all.some(read));
    };
    await readBy("first");
    const [old] = slots().slice(-1);
    await readBy("second");
    line.say({ t: "slot_changed", conversation: idBytes(group), slot: old! });
    await allHear([omar, bilal, asma], bilal, group, "after the old position");
    const shown = await asma.texts(group, 2);
    expect(shown.findLast(({ text }) => text === "second")?.state).toBe("read");
  }, 120_000);

  /** What the server could do with the authority's key: an order that holds in everything but that it may not be. */
  async function ordered(wish: Record<string, Uint8Array>): Promise<Uint8Array> {
    const hex = Object.fromEntries(Object.entries(wish).map(([name, bytes]) => [name, toHex(bytes)]));
    const printed = await manage([
      "shell",
      "-v0",
      "-c",
      `
from uuid import UUID
from django.db import transaction
from beep import clock
from messaging import orders
from messaging.formats import OrderAction
from messaging.models import Conversation, Group
with transaction.atomic():
    group = Group.objects.get(group_id=bytes.fromhex("${hex["groupId"]!}"))
    Conversation.objects.select_for_update().get(id=group.conversation_id)
    order = orders.issue(group, orders.Wish(
        OrderAction.ADD, UUID(hex="${hex["person"]!}"), UUID(hex="${hex["device"]!}"),
        bytes.fromhex("${hex["statementHash"]!}"), clock.now() + orders.LIFETIME, bytes.fromhex("${hex["request"]!}"),
    ))
print(order.hash.hex())
`,
    ]);
    return new Uint8Array(Buffer.from(printed.trim(), "hex"));
  }
});

const onEnvelopes =
  (change: (envelope: Envelope) => Envelope): Rule =>
  (told) =>
    told.t === "envelopes" || told.t === "page" ? { ...told, envelopes: told.envelopes.map(change) } : told;
