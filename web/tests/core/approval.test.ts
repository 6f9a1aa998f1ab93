/** A new device is approved by another one of the same person: two whole apps and the double between them. */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Approval, Readable } from "../../src/core/api";
import { idBytes } from "../../src/core/ids";
import { approvalCommit, parseApprovalKeys, encodeApprovalKeys } from "../../src/crypto/approval";
import { concat } from "../../src/crypto/bytes";
import { hurry } from "./clock";
import { DeviceDouble } from "./double-devices";
import { Member } from "./member";
import { until } from "./node";
import { Visitor } from "./visitor";

const PASSPHRASE = "seven quiet rivers of home";

let server: DeviceDouble;
let old: Member;
let fresh: Visitor;

// The two sides ask for each other's words every few seconds.
beforeEach(() => hurry(8));

beforeEach(async () => {
  server = new DeviceDouble();
  old = await Member.create(server, { suites: [0x0053] });
  server.logins.set("ayesha", old.person);
  await old.open();
  fresh = new Visitor(server);
  await fresh.open();
});

afterEach(async () => {
  old.kill();
  await fresh.kill().catch(() => undefined);
});

async function ask(temporary = false): Promise<Readable<Approval>> {
  const found = await fresh.app.signIn({ login: "ayesha", passphrase: PASSPHRASE, totp: "000000" });
  expect(found).toBe("replace");
  return fresh.app.beginApproval({ deviceName: "Second", temporary });
}

const asking = (state: Approval) => (state.state === "asking" && state.digits !== "" ? state : null);

async function digitsOf(approval: Readable<Approval>): Promise<{ digits: string; qr: string }> {
  const state = await until(approval, (now) => asking(now) !== null || now.state === "refused");
  return asking(state) ?? expect.fail(JSON.stringify(state));
}

async function requested() {
  const all = await until(old.app!.pairings, (list) => list.some((one) => one.name !== ""));
  return all[0]!;
}

describe("approval by digits", () => {
  it("lists the new device, which confirms and opens", async () => {
    const approval = await ask();
    const { digits } = await digitsOf(approval);
    expect(digits).toMatch(/^\d{8}$/);
    const request = await requested();
    expect(request).toMatchObject({ kind: "regular", name: "Second" });
    const { qr } = await old.app!.approveWithDigits(request.id, digits, false);
    expect(qr).toMatch(/^BEEP-APPROVED:/);
    await until(approval, (state) => state.state === "confirm");
    await fresh.app.confirmApproval(true);
    expect(fresh.app.session.get()).toMatchObject({
      kind: "open",
      me: { temporary: false, deviceName: "Second" },
    });
    expect(server.living(old.person)).toContain(fresh.device);
    expect(old.app!.pairings.get()).toEqual([]);
    await until(fresh.app.connection, (state) => state === "online");
  }, 120_000);

  it("says when there are as many devices as there may be", async () => {
    for (let i = 0; i < 4; i++) await old.approve();
    const approval = await ask();
    const { digits } = await digitsOf(approval);
    const { id } = await requested();
    await expect(old.app!.approveWithDigits(id, digits, false)).rejects.toMatchObject({
      code: "devices_full",
    });
    expect(server.living(old.person)).toHaveLength(5);
    await old.app!.refusePairing(id);
  }, 120_000);

  it("takes digits as people write them, and three wrong ones end the pairing", async () => {
    const approval = await ask();
    const { digits } = await digitsOf(approval);
    const { id } = await requested();
    const wrong = digits === "00000000" ? "11111111" : "00000000";
    await expect(old.app!.approveWithDigits(id, wrong, false)).rejects.toMatchObject({
      code: "approval_digits",
    });
    await expect(old.app!.approveWithDigits(id, "", false)).rejects.toMatchObject({
      code: "approval_digits_last",
    });
    await expect(old.app!.approveWithDigits(id, wrong, false)).rejects.toMatchObject({
      code: "approval_ended",
    });
    await expect(old.app!.approveWithDigits(id, digits, false)).rejects.toMatchObject({
      code: "approval_ended",
    });
    await until(approval, (state) => state.state === "refused");
    expect(approval.get()).toEqual({ state: "refused", reason: "digits" });
    expect(server.living(old.person)).toEqual([old.device]);
    // Nothing of the attempt stays in the browser.
    expect(fresh.values.size).toBe(0);
  }, 120_000);

  it("goes on after the new device was killed between approval and session", async () => {
    const approval = await ask();
    const { digits } = await digitsOf(approval);
    const { id } = await requested();
    const persian = [...digits].map((digit) => String.fromCodePoint(0x06f0 + Number(digit)));
    await old.app!.approveWithDigits(
      id,
      `${persian.slice(0, 4).join("")} ${persian.slice(4).join("")}`,
      false,
    );
    await until(approval, (state) => state.state === "confirm");
    await fresh.kill();
    await fresh.open();
    expect(fresh.app.session.get()).toMatchObject({ kind: "locked", needsSignIn: true });
    const found = await fresh.app.signIn({ login: "ayesha", passphrase: PASSPHRASE, totp: "000000" });
    expect(found).toBe("open");
    expect(server.living(old.person)).toContain(fresh.device);
  }, 120_000);

  it("goes on after the approving device's answer was lost and its tab killed", async () => {
    const approval = await ask();
    const { digits } = await digitsOf(approval);
    const { id } = await requested();
    let broken = true;
    // The statement arrives, its answer does not, and nothing after it leaves.
    server.lost = (path) => broken && path === `pairings/${id}/messages`;
    void old.app!.approveWithDigits(id, digits, false).catch(() => undefined);
    await expect.poll(() => server.living(old.person).length, { timeout: 50_000 }).toBe(2);
    old.kill();
    broken = false;
    await old.open();
    await until(approval, (state) => state.state === "confirm");
    await fresh.app.confirmApproval(true);
    expect(fresh.app.session.get().kind).toBe("open");
  }, 120_000);

  it("is refused by the person, who says that no device of theirs approved", async () => {
    const approval = await ask();
    const { digits } = await digitsOf(approval);
    const { id } = await requested();
    await old.app!.approveWithDigits(id, digits, false);
    await until(approval, (state) => state.state === "confirm");
    await fresh.app.confirmApproval(false);
    expect(approval.get()).toEqual({ state: "refused", reason: "cancelled" });
    expect(fresh.app.session.get().kind).not.toBe("open");
  }, 120_000);
});

describe("a server in the middle", () => {
  it("cannot put its own key in: the digits differ", async () => {
    const stranger = (await Member.create(server, { suites: [] })).keys.signaturePublic;
    let forged = new Uint8Array();
    const r = crypto.getRandomValues(new Uint8Array(32));
    let turn = 0;
    // It commits to keys of its own towards the old device and passes everything else on.
    server.relay = (_, side, body) => {
      if (side !== "new") return body;
      turn += 1;
      if (turn === 1) return body;
      const keys = parseApprovalKeys(body.slice(32));
      forged = concat(r, encodeApprovalKeys({ ...keys, signatureKey: stranger })) as Uint8Array<ArrayBuffer>;
      return forged;
    };
    const approval = await ask();
    // The commitment was made for other keys, so the old device ends it.
    await until(approval, (state) => state.state === "refused");
    expect(old.app!.pairings.get()).toEqual([]);
    expect(server.living(old.person)).toEqual([old.device]);
    expect(forged.length).toBeGreaterThan(0);
  }, 120_000);

  it("is found out even when it commits to its keys in time", async () => {
    const stranger = (await Member.create(server, { suites: [] })).keys.signaturePublic;
    const r = crypto.getRandomValues(new Uint8Array(32));
    let hers: Uint8Array | null = null;
    // It knows what the keys will be but for the device's own, and guesses: at best the digits agree once in 10^8.
    const fakeKeys = {
      device: idBytes(old.device),
      kind: "regular" as const,
      name: "Second",
      signatureKey: stranger,
      transferKey: new Uint8Array(1_216),
    };
    const commitment = await approvalCommit(r, fakeKeys);
    server.relay = (pairing, side, body) => {
      if (side !== "new") return body;
      if (pairing.said.length === 0) return commitment;
      hers = body;
      return concat(r, encodeApprovalKeys(fakeKeys));
    };
    const approval = await ask();
    const { digits } = await digitsOf(approval);
    const { id } = await requested();
    await expect(old.app!.approveWithDigits(id, digits, false)).rejects.toMatchObject({
      code: "approval_digits",
    });
    expect(server.living(old.person)).toEqual([old.device]);
    expect(hers).not.toBeNull();
  }, 120_000);
});

describe("approval by QR", () => {
  it("compares both ways", async () => {
    const approval = await ask();
    const { qr } = (await until(approval, (state) => state.state === "asking" && state.qr !== "")) as {
      qr: string;
    };
    expect(qr).toMatch(/^BEEP-APPROVE:/);
    const answer = await old.app!.approveWithQr(qr, false);
    await fresh.app.scanApproval(answer.qr);
    expect(fresh.app.session.get().kind).toBe("open");
    expect(server.living(old.person)).toContain(fresh.device);
  }, 120_000);

  it("refuses another's text, and an answer that is not about this device", async () => {
    const approval = await ask();
    const { qr } = (await until(approval, (state) => state.state === "asking" && state.qr !== "")) as {
      qr: string;
    };
    await expect(old.app!.approveWithQr("BEEP-APPROVE:AAAA", false)).rejects.toMatchObject({
      code: "approval_mismatch",
    });
    await old.app!.approveWithQr(qr, false);
    await expect(fresh.app.scanApproval(`BEEP-APPROVED:${"A".repeat(43)}`)).rejects.toMatchObject({
      code: "approval_mismatch",
    });
    expect(approval.get()).toEqual({ state: "refused", reason: "mismatch" });
    expect(fresh.app.session.get().kind).not.toBe("open");
  }, 120_000);

  it("ends the pairing when the offer is about other keys", async () => {
    const approval = await ask();
    const { qr } = (await until(approval, (state) => state.state === "asking" && state.qr !== "")) as {
      qr: string;
    };
    const altered = Buffer.from(qr.slice("BEEP-APPROVE:".length), "base64url");
    altered[40] = (altered[40] ?? 0) ^ 1;
    await expect(
      old.app!.approveWithQr(`BEEP-APPROVE:${altered.toString("base64url")}`, false),
    ).rejects.toMatchObject({ code: "approval_mismatch" });
    await until(approval, (state) => state.state === "refused");
    expect(server.living(old.person)).toEqual([old.device]);
  }, 120_000);
});
