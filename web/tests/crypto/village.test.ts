/** Groups as they live: people and devices come, go, are invited, promoted and let in again. */

import { describe, expect, it } from "vitest";
import { equal } from "../../src/crypto/bytes";
import { demandPolicySuite } from "../../src/crypto/mls/tree";
import { engine, newDevice, newId, now, seenAt, zeros } from "./people-in-groups";
import { codeOf, ruleOf } from "./vectors";
import { groupPolicy, groupProfile, order, Resident, role, Village } from "./village";

const arrive = (count: number): Promise<Resident[]> =>
  Promise.all(Array.from({ length: count }, () => Resident.arrives()));

describe("a group", () => {
  it("begins with an admin and members, and everybody understands everybody", async () => {
    const [asma, bilal, carol] = (await arrive(3)) as [Resident, Resident, Resident];
    const village = await Village.begun(asma, [bilal, carol]);
    expect([asma, bilal, carol].map((one) => village.roleOf(one))).toEqual(["admin", "member", "member"]);
    await village.talks();
    await village.commits(bilal);
    await village.talks();
  });

  it("may begin alone and with invited people, whom any member lets in", async () => {
    const [asma, bilal, carol] = (await arrive(3)) as [Resident, Resident, Resident];
    const village = await Village.begun(asma, [], groupPolicy(), [carol]);
    expect((await engine.describe(asma.current)).epoch).toBe(1);
    await village.commits(asma, { add: [bilal] });
    expect(village.roleOf(carol)).toBe("invited");
    await village.commits(bilal, { add: [carol] });
    expect(village.roleOf(carol)).toBe("member");
    await village.talks();
  });

  it("adds and removes in one commit: the newcomer takes the freed leaf", async () => {
    const [asma, bilal, carol, david] = (await arrive(4)) as [Resident, Resident, Resident, Resident];
    const village = await Village.begun(asma, [bilal, carol]);
    const before = bilal.current;
    await village.commits(asma, { remove: [bilal], add: [david], roles: [role(bilal, "none")] });
    expect(bilal.state).toBeNull();
    const { members } = await engine.describe(david.current);
    expect(members.find(({ leaf }) => leaf === 1)?.device).toEqual(david.id);
    await village.talks();
    // The state from before reads nothing of what comes after.
    const secret = await village.speaks(asma, "without Bilal");
    bilal.state = before;
    expect(await village.reads(bilal, secret)).toEqual([
      { kind: "waiting", seq: secret.seq, code: "epoch_unknown" },
    ]);
  });

  it("lets a device in again that it removes and adds in one commit", async () => {
    const [asma, bilal, carol] = (await arrive(3)) as [Resident, Resident, Resident];
    const village = await Village.begun(asma, [bilal, carol]);
    const again = await bilal.returns();
    const orders = [order("remove", bilal), order("add", again)];
    const frame = await village.commits(carol, { remove: [bilal], add: [again], orders });
    expect(bilal.state).toBeNull();
    expect(frame.kind).toBe("commit");
    await village.talks();
    expect(village.roleOf(again)).toBe("member");
  });

  it("says of a commit who came and went, with which orders and roles", async () => {
    const [asma, bilal, carol, david] = (await arrive(4)) as [Resident, Resident, Resident, Resident];
    const village = await Village.begun(asma, [bilal, carol]);
    village.knows(david);
    const left = order("leave", carol);
    const roles = [role(bilal, "admin"), role(carol, "none")];
    const { frame } = await village.prepared(asma, { remove: [carol], add: [david], roles, orders: [left] });
    const [result] = await village.reads(bilal, frame);
    if (result?.kind !== "commit") throw new Error("refused");
    expect(result.committer.device).toEqual(asma.id);
    expect(result.removed.map(({ device }) => device)).toEqual([carol.id]);
    expect(result.added.map(({ device }) => device)).toEqual([david.id]);
    expect(result.orderHashes).toEqual([left.hash]);
    expect(new Set(result.roles)).toEqual(new Set(roles));
    expect(result.membership.map(({ person }) => person)).not.toContainEqual(carol.person);
    const [gone] = await village.reads(carol, frame);
    expect(gone).toMatchObject({ kind: "commit", removed: [{ device: carol.id }], added: [] });
    expect((await village.reads(carol, frame))[0]).toMatchObject({ kind: "refused", code: "removed" });
  });

  it("reads several commits in one batch, each by the membership that the one before left", async () => {
    const [asma, bilal, carol] = (await arrive(3)) as [Resident, Resident, Resident];
    const village = await Village.begun(asma, [bilal, carol]);
    const away = carol.current;
    const { membership } = village.standing;
    const promoted = await village.commits(asma, { roles: [role(bilal, "admin")] });
    const used = await village.commits(bilal, { roles: [role(asma, "member")] });
    const words = await village.speaks(bilal, "you are back");
    carol.state = away;
    village.standing = { ...village.standing, membership };
    const results = await village.reads(carol, promoted, used, words);
    expect(results.map(({ kind }) => kind)).toEqual(["commit", "commit", "application"]);
  });

  it("waits for orders that it does not know and takes the commit when it does", async () => {
    const [asma, bilal, carol] = (await arrive(3)) as [Resident, Resident, Resident];
    const village = await Village.begun(asma, [bilal, carol]);
    const put = order("remove", carol);
    const { frame } = await village.prepared(bilal, { remove: [carol], orders: [put] });
    village.standing.orders = [];
    const before = asma.current;
    const waiting = { kind: "waiting", seq: frame.seq, code: "orders_unknown" };
    expect(await village.reads(asma, frame)).toEqual([waiting]);
    expect(asma.state).toBe(before);
    village.standing.orders = [put];
    expect(await village.reads(asma, frame)).toMatchObject([{ kind: "commit", orderHashes: [put.hash] }]);
  });

  it("removes devices that their own chain has put out, whoever commits", async () => {
    const [asma, bilal, carol] = (await arrive(3)) as [Resident, Resident, Resident];
    const phone = await Resident.arrives(carol.person);
    const village = await Village.begun(asma, [bilal, carol, phone]);
    village.chainSays(phone, { revokedAt: now - 1 });
    await village.commits(bilal, { remove: [phone] });
    const kiosk = await Resident.arrives(carol.person);
    await village.commits(carol, { add: [kiosk] });
    village.chainSays(kiosk, { expiresAt: now });
    await village.commits(asma, { remove: [kiosk] });
    await village.talks();
    expect(village.roleOf(carol)).toBe("member");
  });

  it("encrypts nothing and lets nobody in while a revoked device stays", async () => {
    const [asma, bilal, carol, david] = (await arrive(4)) as [Resident, Resident, Resident, Resident];
    const village = await Village.begun(asma, [bilal, carol]);
    village.knows(david);
    village.chainSays(carol, { revokedAt: now - 1 });
    expect(await codeOf(() => village.speaks(asma, "x"))).toBe("device_revoked");
    expect(await codeOf(() => village.prepared(asma))).toBe("device_revoked");
    expect(await codeOf(() => village.prepared(asma, { add: [david] }))).toBe("device_revoked");
    await village.commits(asma, { remove: [carol], add: [david] });
    await village.talks();
  });

  it("commits nothing that the rules forbid, and names the rule", async () => {
    const [asma, bilal, carol, david] = (await arrive(4)) as [Resident, Resident, Resident, Resident];
    const village = await Village.begun(asma, [bilal, carol]);
    village.knows(david);
    const rule = (change: Parameters<Village["prepared"]>[1], by = bilal) =>
      ruleOf(() => village.prepared(by, change));
    expect(await rule({ add: [david] })).toBe("stranger");
    expect(await rule({ remove: [carol] })).toBe("remove");
    expect(await rule({ roles: [role(bilal, "admin")] })).toBe("roles");
    expect(await rule({ roles: [role(asma, "member")] }, asma)).toBe("last_admin");
    const expired = { ...order("remove", carol), expiresAt: now };
    expect(await rule({ remove: [carol], orders: [expired] })).toBe("orders");
    const twice = order("remove", carol);
    expect(await rule({ remove: [carol], orders: [twice, twice] })).toBe("orders");
    expect(await codeOf(() => village.prepared(asma, { remove: [asma] }))).toBe("remove_refused");
    expect(await codeOf(() => village.prepared(asma, { remove: [david] }))).toBe("remove_refused");
    expect(await codeOf(() => village.prepared(asma, { remove: [carol, carol] }))).toBe("remove_refused");
    await village.talks();
  });

  it("needs the standing to judge a commit", async () => {
    const [asma, bilal] = (await arrive(2)) as [Resident, Resident];
    const village = await Village.begun(asma, [bilal]);
    const { frame } = await village.prepared(asma);
    const { groupId, roster } = village;
    const input = { state: bilal.current, groupId, envelopes: [frame], roster, now };
    expect(await codeOf(() => engine.process(input))).toBe("out_of_range");
  });

  it("draws lots for who acts first, the same for all and new in each epoch", async () => {
    const residents = (await arrive(5)) as [Resident, ...Resident[]];
    const village = await Village.begun(residents[0], residents.slice(1));
    const draw = () =>
      Promise.all(residents.map((one) => engine.rank({ state: one.current, among: [0, 1, 2, 3, 4] })));
    const first = await draw();
    expect([...first].sort()).toEqual([0, 1, 2, 3, 4]);
    const draws = [first];
    for (let i = 0; i < 4; i++) {
      await village.commits(residents[0]);
      draws.push(await draw());
    }
    expect(new Set(draws.map(String)).size).toBeGreaterThan(1);
    expect(await engine.rank({ state: residents[2]!.current, among: [] })).toBe(0);
  });
});

describe("a successor", () => {
  it("keeps roles, restricted to those who stay, and lists who has no device", async () => {
    const [asma, bilal, carol] = (await arrive(3)) as [Resident, Resident, Resident];
    const village = await Village.begun(asma, [bilal]);
    const { membership } = village.standing;
    const [asma2, bilal2] = [asma, await bilal.returns()];
    const input = {
      keys: asma2.device.keys,
      policy: groupPolicy({ conversation: village.policy.conversation, predecessor: village.groupId }),
      add: [{ person: bilal2.person, device: bilal2.id, keyPackage: bilal2.keyPackage.keyPackage }],
      roster: [...village.roster, carol.device.entry],
      ...{ seen: seenAt(9), profile: groupProfile(), now },
      standing: { membership, bases: [], orders: [] },
      roles: [role(asma, "admin")],
    };
    const begun = await engine.begin(input);
    expect(begun.membership).toEqual(membership);
    const stranger = { person: carol.person, device: carol.id, keyPackage: carol.keyPackage.keyPackage };
    const begin = (change: Partial<typeof input>) => ruleOf(() => engine.begin({ ...input, ...change }));
    expect(await begin({ add: [...input.add, stranger] })).toBe("stranger");
    expect(await begin({ roles: [role(asma, "admin"), role(bilal, "admin")] })).toBe("roles");
    expect(await begin({ roles: [] })).toBe("roles");
    expect((await engine.begin({ ...input, add: [] })).membership).toHaveLength(1);
  });
});

describe("a direct conversation", () => {
  const direct = (one: Resident, other: Resident) =>
    groupPolicy({
      kind: "direct",
      persons: [one.person, other.person].sort((a, b) => Buffer.compare(a, b)),
      suite: 0x0053,
      sizeClass: "normal",
    });
  const arriveAs = (person = newId()) => Resident.arrives(person, 0x0053);

  it("has several devices a person, which come and go by commits of either side", async () => {
    const [asma, bilal] = [await arriveAs(), await arriveAs()];
    const phone = await arriveAs(bilal.person);
    const village = await Village.begun(asma, [bilal], direct(asma, bilal));
    await village.commits(bilal, { add: [phone] });
    await village.talks();
    const tablet = await arriveAs(asma.person);
    await village.commits(phone, { add: [tablet] });
    village.chainSays(bilal, { revokedAt: now - 1 });
    await village.commits(tablet, { remove: [bilal] });
    await village.talks();
    expect((await engine.describe(asma.current)).members).toHaveLength(3);
    const removing = (change: Parameters<Village["prepared"]>[1]) =>
      ruleOf(() => village.prepared(asma, change));
    expect(await removing({ remove: [phone] })).toBe("remove");
    village.chainSays(phone, { revokedAt: now - 1 });
    expect(await removing({ remove: [phone] })).toBe("members");
    expect(await removing({ roles: [role(asma, "admin")] })).toBe("roles");
  });

  it("lets the partner in again by order when a device asks, though its state is lost", async () => {
    const [asma, bilal] = [await arriveAs(), await arriveAs()];
    const village = await Village.begun(asma, [bilal], direct(asma, bilal));
    const again = await bilal.returns(0x0053);
    const orders = [order("remove", bilal), order("add", again)];
    await village.commits(asma, { remove: [bilal], add: [again], orders });
    await village.talks();
  });
});

describe("a self group", () => {
  it("begins alone, takes in the person's devices and nobody else's", async () => {
    const person = newId();
    const arriveAs = (who = person) => Resident.arrives(who, 0x0053);
    const [laptop, phone, other] = [await arriveAs(), await arriveAs(), await arriveAs(newId())];
    const policy = groupPolicy({ kind: "self", suite: 0x0053, sizeClass: "normal" });
    const village = await Village.begun(laptop, [], policy);
    await village.commits(laptop, { add: [phone] });
    await village.talks();
    village.knows(other);
    expect(await ruleOf(() => village.prepared(phone, { add: [other] }))).toBe("person");
    await village.commits(phone, { remove: [laptop] });
    expect((await engine.describe(phone.current)).members).toHaveLength(1);
    await village.speaks(phone, "to myself");
  });
});

describe("the size of a group", () => {
  const policy = (suite: 0x0001 | 0x0053, sizeClass: "normal" | "large") => ({
    ...groupPolicy({ suite, sizeClass }),
    nonce: zeros(32),
  });
  const judged = (...args: Parameters<typeof demandPolicySuite>) =>
    codeOf(() => Promise.resolve().then(() => demandPolicySuite(...args)));

  it("is bounded by its suite", async () => {
    demandPolicySuite(policy(0x0053, "normal"), 250, 9n);
    expect(await judged(policy(0x0053, "normal"), 251, 9n)).toBe("group_too_large");
    demandPolicySuite(policy(0x0001, "large"), 1_000, 9n);
    expect(await judged(policy(0x0001, "large"), 1_001, 9n)).toBe("group_too_large");
  });

  it("must be more than 100 for the classical suite to begin with, unless it was made large", async () => {
    demandPolicySuite(policy(0x0001, "large"), 2, 1n);
    demandPolicySuite(policy(0x0001, "normal"), 101, 1n);
    demandPolicySuite(policy(0x0001, "normal"), 90, 7n);
    expect(await judged(policy(0x0001, "normal"), 100, 1n)).toBe("policy_refused");
  });
});

describe("the engine's answers", () => {
  it("give the franking key of each message to its reader", async () => {
    const [asma, bilal] = (await arrive(2)) as [Resident, Resident];
    const village = await Village.begun(asma, [bilal]);
    const [one, two] = [await village.speaks(asma, "a"), await village.speaks(asma, "b")];
    const keys = (await village.reads(bilal, one, two)).map((result) => "k" in result && result.k);
    expect(keys.map((k) => k && k.length)).toEqual([32, 32]);
    expect(equal(keys[0] as Uint8Array, keys[1] as Uint8Array)).toBe(false);
  });

  it("name the person of a device that no chain lists", async () => {
    const stranger = await newDevice();
    const [asma, bilal] = (await arrive(2)) as [Resident, Resident];
    const village = await Village.begun(asma, [bilal]);
    village.roster = [asma.device.entry, stranger.entry];
    await expect(village.speaks(asma, "x")).rejects.toMatchObject({ code: "device_not_listed" });
  });
});
