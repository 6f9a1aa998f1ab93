import { describe, expect, it } from "vitest";
import type { GroupPolicy, MemberRole, VerifiedOrder } from "../../src/crypto/api";
import { demandSnapshot, fixedMembership, judge, judgeBegin } from "../../src/crypto/membership";
import { codeOf, ruleOf, vectors } from "./vectors";

type Row = [person: number, role: number, base: number];

interface Case {
  name?: string;
  kind: number;
  committer: number;
  before: Row[];
  /** Index, person, device, base. */
  leaves?: [number, number, number, number][];
  removed?: number[];
  added?: [number, number, number][];
  orders?: [number, number, number][];
  gone?: [number, number][];
  /** Of a begin: person, device, base. */
  tree?: [number, number, number][];
  roles: [number, number][];
  bases: [number, number[]][];
  after?: Row[];
  rule?: string;
}

const file = vectors<{ named: Case[]; generated: Case[] }>("membership");

const KINDS: GroupPolicy["kind"][] = ["direct", "group", "self"];
const ROLES = ["none", "member", "admin", "invited"] as const;
const ACTIONS: VerifiedOrder["action"][] = ["remove", "add", "leave"];

const id = (number: number): Uint8Array => new Uint8Array(16).fill(number);
const base = (number: number): Uint8Array => new Uint8Array(32).fill(number);
const device = ([person, number, under]: [number, number, number]) => ({
  person: id(person),
  device: id(number),
  base: base(under),
});

function judged(row: Case): Row[] {
  const shared = {
    kind: KINDS[row.kind - 1]!,
    committer: id(row.committer),
    before: row.before.map(([person, role, under]) => ({
      person: id(person),
      role: ROLES[role] as MemberRole,
      base: base(under),
    })),
    roles: row.roles.map(([person, role]) => ({ person: id(person), role: ROLES[role]! })),
    bases: row.bases.flatMap(([person, all]) => all.map((one) => ({ person: id(person), base: base(one) }))),
  };
  const after = row.tree
    ? judgeBegin({ ...shared, tree: row.tree.map(device) })
    : judge({
        ...shared,
        leaves: row.leaves!.map(([leaf, ...rest]) => ({ leaf, ...device(rest) })),
        removed: row.removed!,
        added: row.added!.map(device),
        orders: row.orders!.map(([action, person, number]) => ({
          action: ACTIONS[action - 1]!,
          person: id(person),
          device: id(number),
        })),
        gone: row.gone!.map(([person, number]) => ({ person: id(person), device: id(number) })),
      });
  return after.map((entry) => [entry.person[0]!, ROLES.indexOf(entry.role), entry.base[0]!]);
}

describe("membership", () => {
  it.each(file.named)("$name", async (row) => {
    if (row.rule === undefined) expect(judged(row)).toEqual(row.after);
    else expect(await ruleOf(() => judged(row))).toBe(row.rule);
  });

  it("judges every generated case as the server does", async () => {
    for (const row of file.generated) {
      if (row.rule === undefined) expect(judged(row), JSON.stringify(row)).toEqual(row.after);
      else expect(await ruleOf(() => judged(row)), JSON.stringify(row)).toBe(row.rule);
    }
  });

  it("refuses by the one code", async () => {
    const row = file.named.find((one) => one.rule === "stranger")!;
    expect(await codeOf(() => judged(row))).toBe("membership_refused");
  });

  it("tells a newcomer only what fits the tree", async () => {
    const members = [
      { person: id(1), role: "admin" as const, base: base(20) },
      { person: id(4), role: "invited" as const, base: base(0) },
    ];
    const tree = [device([1, 10, 20])];
    demandSnapshot(members, tree);
    const [admin, invited] = members;
    const spoilt: [typeof members, typeof tree][] = [
      [members, [...tree, device([4, 40, 80])]],
      [members, [...tree, device([5, 50, 100])]],
      [members, [device([1, 10, 21])]],
      [[admin!, { ...invited!, base: base(1) }], tree],
      [[...members, admin!], tree],
    ];
    for (const [told, devices] of spoilt)
      expect(await ruleOf(() => demandSnapshot(told, devices))).toBe("members");
  });

  it("gives direct and self conversations their persons", () => {
    expect(fixedMembership([id(2)])).toEqual([{ person: id(2), role: "member", base: base(0) }]);
  });
});
