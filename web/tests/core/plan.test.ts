/** What a commit should hold, from what is known: orders, devices that are gone, devices of one's own, and the wish. */

import { describe, expect, it } from "vitest";
import { idBytes, newId } from "../../src/core/ids";
import { firstPart, makePlan, type View } from "../../src/core/plan";
import { personsNamed } from "../../src/core/standing";
import type { VerifiedOrder } from "../../src/crypto/api";
import type { Chain } from "../../src/crypto/chain";
import { completed } from "../../src/store/upgrade";

const NOW = 1_000_000;
const base = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

interface Listed {
  device: string;
  kind?: "regular" | "temporary";
  revoked?: boolean;
  expiresAt?: number;
}

/** The parts of a chain that a plan reads. */
function chain(person: string, devices: Listed[], byte = 1): Chain {
  const entry = ({ device, kind = "regular", expiresAt }: Listed) => ({
    id: idBytes(device),
    name: "x",
    kind,
    signatureKey: base(9),
    addedAt: 1,
    expiresAt: expiresAt ?? null,
  });
  return {
    person: idBytes(person),
    base: base(byte),
    bases: [base(byte)],
    devices: devices.filter(({ revoked }) => !revoked).map(entry),
    everListed: devices.map(({ device, revoked, expiresAt }) => ({
      person: idBytes(person),
      device: idBytes(device),
      signatureKey: base(9),
      base: base(byte),
      revokedAt: revoked ? 5 : null,
      expiresAt: expiresAt ?? null,
    })),
  } as unknown as Chain;
}

const [me, her, him] = [newId(), newId(), newId()];
const [mine, mineToo, hers, hersToo, his] = [newId(), newId(), newId(), newId(), newId()];

const order = (action: VerifiedOrder["action"], person: string, device: string, expiresAt = NOW + 1) => ({
  hash: base(action.length),
  action,
  person: idBytes(person),
  device: idBytes(device),
  statementHash: base(0),
  expiresAt,
  request: new Uint8Array(),
});

function view(change: Partial<View> = {}, chains: Chain[] = []): View {
  const known = [chain(me, [{ device: mine }]), chain(her, [{ device: hers }]), ...chains];
  const member = (person: string, role: "member" | "admin") => ({ person, role, base: base(1) });
  return {
    kind: "group",
    self: { person: me, device: mine },
    group: {
      devices: [
        { person: me, device: mine },
        { person: her, device: hers },
      ],
      membership: [member(me, "admin"), member(her, "member")],
    },
    chains: new Map(known.map((one) => [one === known[0] ? me : idOf(one, [me, her, him]), one])),
    orders: [],
    now: NOW,
    ...change,
  };
}

const idOf = (one: Chain, ids: string[]): string =>
  ids.find((id) => Buffer.from(idBytes(id)).equals(Buffer.from(one.person))) ?? "";

describe("a plan", () => {
  it("is empty where nothing is due and nothing is wished", () => {
    expect(makePlan(view(), { kind: "due" })).toEqual({ remove: [], add: [], roles: [], orders: [] });
  });

  it("removes what its chain has revoked or let expire, never this device itself", () => {
    const gone = chain(her, [{ device: hers, revoked: true }]);
    expect(makePlan(view({}, [gone]), { kind: "due" }).remove).toEqual([{ person: her, device: hers }]);
    const late = chain(her, [{ device: hers, kind: "temporary", expiresAt: NOW }]);
    expect(makePlan(view({}, [late]), { kind: "due" }).remove).toEqual([{ person: her, device: hers }]);
    const own = chain(me, [{ device: mine, revoked: true }]);
    const told = view();
    expect(
      makePlan({ ...told, chains: new Map([...told.chains, [me, own]]) }, { kind: "due" }).remove,
    ).toEqual([]);
  });

  it("adds one's own regular devices, and nobody else's without an order", () => {
    const two = chain(me, [{ device: mine }, { device: mineToo }, { device: newId(), kind: "temporary" }]);
    const others = chain(her, [{ device: hers }, { device: hersToo }]);
    const told = view({}, [others]);
    const chains = new Map([...told.chains, [me, two] as const]);
    expect(makePlan({ ...told, chains }, { kind: "due" }).add).toEqual([{ person: me, device: mineToo }]);
    const asked = { ...told, orders: [order("add", her, hersToo)] };
    expect(makePlan(asked, { kind: "due" }).add).toEqual([{ person: her, device: hersToo }]);
  });

  it("executes no order that has expired, none for a reset person, and replaces a leaf by two orders", () => {
    const old = view({ orders: [order("remove", her, hers, NOW)] });
    expect(makePlan(old, { kind: "due" }).orders).toEqual([]);
    const reset = chain(her, [{ device: hersToo }], 2);
    expect(makePlan(view({ orders: [order("add", her, hersToo)] }, [reset]), { kind: "due" }).add).toEqual(
      [],
    );
    const again = view({ orders: [order("add", her, hers), order("remove", her, hers)] });
    const plan = makePlan(again, { kind: "due" });
    expect([plan.remove, plan.add]).toEqual([
      [{ person: her, device: hers }],
      [{ person: her, device: hers }],
    ]);
    expect(plan.orders).toHaveLength(2);
  });

  it("takes a leaver out whole, invites who has no device, and changes no role to what it is", () => {
    const leave = makePlan(view({ orders: [order("leave", her, hers)] }), { kind: "due" });
    expect(leave).toMatchObject({
      remove: [{ person: her, device: hers }],
      roles: [{ person: her, role: "none" }],
    });
    expect(makePlan(view(), { kind: "add", persons: [him] }).roles).toEqual([
      { person: him, role: "invited" },
    ]);
    const known = view({}, [chain(him, [{ device: his }])]);
    expect(makePlan(known, { kind: "add", persons: [him] })).toMatchObject({
      add: [{ person: him, device: his }],
      roles: [],
    });
    expect(makePlan(view(), { kind: "role", person: me, admin: true }).roles).toEqual([]);
  });

  it("gives no role to somebody who leaves by the same commit", () => {
    const leaving = view({ orders: [order("leave", her, hers)] });
    expect(makePlan(leaving, { kind: "role", person: her, admin: true })).toEqual(
      makePlan(leaving, { kind: "due" }),
    );
  });

  it("is cut between persons, and orders go with the devices that they name", () => {
    const add = [
      { person: her, device: hers },
      { person: her, device: hersToo },
      { person: him, device: his },
    ];
    const orders = [order("add", him, his)];
    const part = firstPart({ remove: [], add, roles: [], orders }, 2);
    expect(part.add).toEqual(add.slice(0, 2));
    expect(part.orders).toEqual([]);
  });
});

describe("what surrounds it", () => {
  it("finds the persons in a commit's credentials and nothing else", () => {
    const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
    expect(personsNamed([bytes(`xx${her}/${hers}yy${him}/${his}`), bytes(`/${me}/`), bytes("/")])).toEqual([
      her,
      him,
    ]);
  });

  it("completes rows of the first version", () => {
    const group = { state: null, pending: { kind: "heal", counter: 1 }, devices: [] };
    expect(completed("groups", group)).toMatchObject({
      membership: [],
      executed: [],
      broken: null,
      pending: { kind: "heal", membership: [], change: { orders: [] } },
    });
    const record = { id: her, server: { lastSeq: 3, blocked: true } };
    expect(completed("conversations", record)).toMatchObject({
      standing: "in",
      server: { lastSeq: 3, blocked: true, orders: 0, frozenSeq: null, left: false },
    });
  });
});
