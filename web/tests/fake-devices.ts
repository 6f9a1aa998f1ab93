/** The in-memory application's devices, safety numbers and reports. */
import {
  AppError,
  type ActivationOffer,
  type AnnouncedReset,
  type Approval,
  type Approved,
  type DeviceInfo,
  type HistoryState,
  type Id,
  type Me,
  type ModerationReport,
  type PairingRequest,
  type PersonCard,
  type SafetyNumber,
  type SessionState,
} from "../src/core/api";
import { FakeGroups } from "./fake-groups";
import { people } from "./fake-people";
import { hour, pause, Value } from "./fake-value";

export const me: Me = {
  person: people[0]!,
  login: "ayesha.siddiqui",
  deviceId: "00000000-0000-4000-9000-000000000001",
  deviceName: "Firefox, Linux",
  temporary: false,
  moderator: false,
};

export const offer: ActivationOffer = {
  person: me.person,
  login: me.login,
  totpSecret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
  totpUri:
    "otpauth://totp/Beep:ayesha.siddiqui?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Beep&algorithm=SHA1&digits=6&period=30",
  recoveryCode: "7KQ2-M9XD-4RTV-B8NC-0WHJ-E5PS-Z3GA",
};

const pairing: PairingRequest = {
  id: "00000000-0000-4000-d000-000000000001",
  kind: "regular",
  name: "Chrome, Android",
  createdAt: Date.now() - 20_000,
};
const digits = "40871526";
/** The device that is let in. */
export const newcomer: Id = "00000000-0000-4000-9000-000000000002";
const newQr = `BEEP-APPROVE:${"Ax7_".repeat(16)}`;
const oldQr = `BEEP-APPROVED:${"q9Zk".repeat(11)}`;

export abstract class FakeDevices extends FakeGroups {
  abstract readonly session: Value<SessionState>;
  readonly pairings = new Value<readonly PairingRequest[]>([]);
  readonly history = new Value<HistoryState | null>(null);
  readonly reports = new Value<readonly ModerationReport[]>([]);
  readonly ownReset = new Value<AnnouncedReset | null>(null);
  readonly approval = new Value<Approval>({ state: "asking", qr: newQr, digits });
  readonly #verified = new Set<Id>([people[2]!.id]);
  #names = new Map<Id, string>();
  #tries = 3;
  /** Set by a test or a scene: the device's reset waits. */
  resetting: { state: "waiting" | "signed" | "dropped"; officers: number; earliest: number } | null = null;

  protected fillDevices(scene: string): void {
    if (scene === "pairing") this.pairings.set([pairing]);
    if (scene === "history")
      this.history.set({ role: "receiving", state: "running", progress: { done: 340, total: 1200 } });
    if (scene === "history-sending")
      this.history.set({ role: "sending", state: "waiting", progress: { done: 12, total: null } });
    if (scene === "moderator") this.reports.set(someReports());
    if (scene === "reset-asked") {
      const now = Date.now();
      this.ownReset.set({ person: me.person.id, askedAt: now - 20 * hour, earliest: now + 52 * hour });
    }
    if (scene === "reset")
      this.resetting = { state: "waiting", officers: 1, earliest: Date.now() + 40 * hour };
  }

  /** Further devices of one's own. */
  more: readonly DeviceInfo[] = [];

  async devices(): Promise<readonly DeviceInfo[]> {
    await pause(100);
    const now = Date.now();
    const base = {
      kind: "regular",
      expiresAt: null,
      addedAt: now - 400 * hour,
      lastSeenAt: now,
      revokedAt: null,
      current: false,
    } as const;
    const list: DeviceInfo[] = [
      { ...base, id: me.deviceId, name: me.deviceName, current: true },
      { ...base, id: "b", name: "Chrome, Android", lastSeenAt: now - 50 * hour },
      {
        ...base,
        id: "d",
        name: "Firefox, Windows",
        kind: "temporary",
        lastSeenAt: now - hour,
        expiresAt: now + 9 * hour,
      },
      { ...base, id: "c", name: "دفتر کا کمپیوٹر", revokedAt: now - 90 * hour },
    ];
    list.push(...this.more);
    return list.map((one) => ({ ...one, name: this.#names.get(one.id) ?? one.name }));
  }
  async revokeDevice(id: Id): Promise<void> {
    this.calls.push(["revokeDevice", id]);
    await pause(200);
  }
  async renameDevice(id: Id, name: string): Promise<void> {
    this.calls.push(["renameDevice", id, name]);
    this.#names.set(id, name);
  }

  async cancelHistory(): Promise<void> {
    this.calls.push(["cancelHistory"]);
    await pause(100);
    this.history.set(null);
  }

  async stopReset(): Promise<void> {
    this.calls.push(["stopReset"]);
    await pause(150);
    this.ownReset.set(null);
  }

  async beginApproval(input: { deviceName: string; temporary: boolean }): Promise<Value<Approval>> {
    this.calls.push(["beginApproval", input]);
    await pause(150);
    this.approval.set({ state: "asking", qr: newQr, digits });
    return this.approval;
  }
  async confirmApproval(yes: boolean): Promise<void> {
    this.calls.push(["confirmApproval", yes]);
    if (!yes) {
      this.approval.set({ state: "refused", reason: "mismatch" });
      return;
    }
    this.approval.set({ state: "finishing" });
    await pause(300);
    this.session.set({ kind: "open", me, needsSignIn: false });
  }
  async scanApproval(text: string): Promise<void> {
    this.calls.push(["scanApproval", text]);
    if (text !== oldQr) throw new AppError("approval_mismatch");
    await this.confirmApproval(true);
  }
  async cancelApproval(): Promise<void> {
    this.calls.push(["cancelApproval"]);
  }
  async approveWithDigits(id: Id, typed: string, withHistory: boolean): Promise<Approved> {
    this.calls.push(["approveWithDigits", id, typed, withHistory]);
    await pause(150);
    if (typed !== digits) {
      this.#tries -= 1;
      if (this.#tries > 0) throw new AppError(this.#tries > 1 ? "approval_digits" : "approval_digits_last");
      this.pairings.set([]);
      throw new AppError("approval_ended");
    }
    this.pairings.set([]);
    if (withHistory)
      this.history.set({ role: "sending", state: "running", progress: { done: 3, total: 40 } });
    return { qr: oldQr, device: newcomer };
  }
  async approveWithQr(text: string, withHistory: boolean): Promise<Approved> {
    this.calls.push(["approveWithQr", text, withHistory]);
    if (!text.startsWith("BEEP-APPROVE:")) throw new AppError("approval_mismatch");
    this.pairings.set([]);
    return { qr: oldQr, device: newcomer };
  }
  async refusePairing(id: Id): Promise<void> {
    this.calls.push(["refusePairing", id]);
    this.pairings.set(this.pairings.get().filter((one) => one.id !== id));
  }

  async beginReset(code: string, personnelNumber: string): Promise<ActivationOffer> {
    this.calls.push(["beginReset", code, personnelNumber]);
    if (code.length < 8) throw new AppError("activation_code_malformed");
    return offer;
  }
  async requestReset(): Promise<{ earliest: number }> {
    await pause(200);
    this.resetting = { state: "waiting", officers: 0, earliest: Date.now() + 72 * hour };
    return { earliest: this.resetting.earliest };
  }
  async resetStatus(): Promise<{
    state: "waiting" | "signed" | "dropped" | "open";
    officers: number;
    earliest: number;
  }> {
    this.calls.push(["resetStatus"]);
    await pause(60);
    if (!this.resetting) throw new AppError("reset_refused");
    return this.resetting;
  }

  async safetyNumber(person: Id): Promise<SafetyNumber> {
    await pause(60);
    const verified = this.#verified.has(person);
    const groups = Array.from({ length: 12 }, (_, at) =>
      String(((at + 3) * 27_183_281 + Number(person.slice(-3)) * 9973) % 100_000).padStart(5, "0"),
    );
    return {
      groups,
      qr: `BEEP-SAFETY:${"b3Np".repeat(32)}`,
      verified,
      changed: person === people[3]!.id,
    };
  }
  async setVerified(person: Id, verified: boolean): Promise<void> {
    this.calls.push(["setVerified", person, verified]);
    if (verified) this.#verified.add(person);
    else this.#verified.delete(person);
    for (const { id, partner } of this.conversations.get()) {
      const value = this.details(id);
      const before = value.get();
      if (partner?.id === person && before)
        value.set({
          ...before,
          members: before.members.map((one) => (one.person.id === person ? { ...one, verified } : one)),
        });
    }
  }
  async checkSafetyQr(person: Id, text: string): Promise<boolean> {
    this.calls.push(["checkSafetyQr", person, text]);
    const same = text === (await this.safetyNumber(person)).qr;
    if (same) await this.setVerified(person, true);
    return same;
  }

  async report(conversation: Id, messages: readonly Id[], note: string): Promise<void> {
    this.calls.push(["report", conversation, messages, note]);
    await pause(150);
  }
  async moderators(): Promise<readonly PersonCard[]> {
    return [people[7]!];
  }
}

function someReports(): ModerationReport[] {
  const now = Date.now();
  return [
    {
      id: "00000000-0000-4000-e000-000000000001",
      reporter: people[3]!,
      at: now - hour,
      note: "This was the third time this week. I asked twice for it to stop.",
      items: [
        { sender: people[1]!, at: now - 2 * hour, text: "You had better sign it today.", verdict: "proved" },
        {
          sender: people[1]!,
          at: now - 2 * hour + 60_000,
          text: "ورنہ آپ جانتی ہیں کیا ہوگا۔",
          verdict: "proved",
        },
        { sender: people[1]!, at: now - hour, text: "I never wrote this.", verdict: "not-proved" },
        { sender: people[1]!, at: now - hour, text: "Last one.", verdict: "checking" },
      ],
    },
    {
      id: "00000000-0000-4000-e000-000000000002",
      reporter: people[4]!,
      at: now - 30 * hour,
      note: "",
      items: [{ sender: people[2]!, at: now - 31 * hour, text: "پیوند را باز کنید.", verdict: "offline" }],
    },
  ];
}
