import { nextStatement } from "../crypto/statements";
import type {
  ActivationOffer,
  AnnouncedReset,
  App,
  Approval,
  Approved,
  DeviceInfo,
  Diagnostics,
  LedgerCheck,
  LedgerPage,
  LedgerRow,
  HistoryState,
  Id,
  ModerationReport,
  PairingRequest,
  PersonCard,
  Readable,
  SafetyNumber,
} from "./api";
import { AppError } from "./api";
import { AppBase, guarded } from "./app-base";
import type { NewDevice } from "./approval-new";
import type { Pairings } from "./approval-old";
import { cleanDeviceName, type Entered, type Shared } from "./entering";
import { deviceSigner } from "./identities";
import { idBytes } from "./ids";
import type { OpenSession } from "./open";
import type { Reset } from "./reset";
import type { Ledger } from "./ledger";
import type { Reporting } from "./reporting";
import type { Safety } from "./safety";
import type { Session } from "./session";
import { SignIn } from "./signin";

type Change = Pick<Parameters<typeof nextStatement>[0], "revoke" | "rename">;

type ResetAnswer = Awaited<ReturnType<App["resetStatus"]>>;

/** A new device that asks another one, and where it would live. */
interface Asking {
  device: NewDevice;
  shared: Shared;
}

/** The part of the views' door that is about devices of one's own, identities, moderation and faults. */
export abstract class DeviceApp extends AppBase {
  readonly pairings: Readable<readonly PairingRequest[]>;
  readonly history: Readable<HistoryState | null>;
  readonly reports: Readable<readonly ModerationReport[]>;
  readonly ownReset: Readable<AnnouncedReset | null>;
  protected readonly entry: SignIn;
  #reset: Promise<Reset> | null = null;
  #asking: Asking | null = null;

  constructor(shared: Shared, holder: Session) {
    super(shared, holder);
    this.entry = new SignIn(shared);
    this.pairings = this.follow<readonly PairingRequest[]>([], (open) => open.pairings.requests);
    this.history = this.follow<HistoryState | null>(null, (open) => open.history.state);
    this.reports = this.follow<readonly ModerationReport[]>([], (open) => open.reports.list);
    this.ownReset = this.follow<AnnouncedReset | null>(null, (open) => open.resets.own);
  }

  devices(): Promise<readonly DeviceInfo[]> {
    return this.use(async (open) => {
      const { devices } = await open.context.api.devices();
      const chain = await open.identities.fresh(open.context.self.person);
      return devices.map((device) => ({
        id: device.id,
        name: device.name,
        kind: device.kind === 1 ? ("regular" as const) : ("temporary" as const),
        expiresAt:
          chain.everListed.find((entry) => idBytes(device.id).every((byte, i) => byte === entry.device[i]))
            ?.expiresAt ?? null,
        current: device.current,
        addedAt: device.added_at,
        lastSeenAt: device.last_seen_at,
        revokedAt: device.revoked_at,
      }));
    });
  }

  revokeDevice(id: Id): Promise<void> {
    return this.use(async (open) => {
      await open.context.api.revokeDevice(await this.#statement(open, { revoke: [idBytes(id)] }));
    });
  }

  renameDevice(id: Id, name: string): Promise<void> {
    return this.use(async (open) => {
      const rename = { id: idBytes(id), name: cleanDeviceName(name) };
      await open.context.api.renameDevice(await this.#statement(open, { rename }));
    });
  }

  beginApproval(input: { deviceName: string; temporary: boolean }): Promise<Readable<Approval>> {
    return guarded(async () => {
      await this.#asking?.device.cancel();
      const target = this.entry.replacement;
      const shared = input.temporary
        ? await (await import("./temporary")).temporaryShared(this.shared)
        : this.shared;
      const { NewDevice } = await import("./approval-new");
      const device = new NewDevice(shared, target, input);
      this.#asking = { device, shared };
      await device.begin();
      return device.state;
    });
  }

  confirmApproval(yes: boolean): Promise<void> {
    return guarded(() => this.#approved((device) => device.confirm(yes)));
  }

  scanApproval(text: string): Promise<void> {
    return guarded(() => this.#approved((device) => device.scan(text)));
  }

  cancelApproval(): Promise<void> {
    return guarded(async () => {
      const asking = this.#asking;
      this.#asking = null;
      await asking?.device.cancel();
    });
  }

  approveWithDigits(pairing: Id, digits: string, withHistory: boolean): Promise<Approved> {
    return this.#pairings((pairings) => pairings.approveWithDigits(pairing, digits, withHistory));
  }

  approveWithQr(text: string, withHistory: boolean): Promise<Approved> {
    return this.#pairings((pairings) => pairings.approveWithQr(text, withHistory));
  }

  refusePairing(pairing: Id): Promise<void> {
    return this.#pairings((pairings) => pairings.refuse(pairing));
  }

  cancelHistory(): Promise<void> {
    return this.use((open) => open.history.cancel());
  }

  beginReset(code: string, personnelNumber: string): Promise<ActivationOffer> {
    return guarded(async () => (await this.#resets()).begin(code, personnelNumber));
  }

  requestReset(choice: {
    passphrase: string;
    totp: string;
    deviceName: string;
  }): Promise<{ earliest: number }> {
    return guarded(async () => (await this.#resets()).request(choice));
  }

  resetStatus(): Promise<ResetAnswer> {
    return guarded(async () => {
      const reset = await this.#resets();
      const { state, officers, earliest } = await reset.status();
      if (state === "dropped") await this.holder.erase();
      if (state !== "ready") return { state, officers, earliest };
      const { vault, env } = this.shared;
      const handle = await vault.handle(env.now());
      // Signed and due, but the vault is locked: `unlock` finishes it.
      if (!handle) return { state: "signed", officers, earliest };
      await this.holder.enter(await reset.finish(handle));
      return { state: "open", officers, earliest };
    });
  }

  stopReset(): Promise<void> {
    return this.use(async (open) => {
      try {
        await open.context.api.stopReset(await this.#statement(open, {}));
      } finally {
        // Refused as well: what another device has done meanwhile has made it void.
        await open.resets.look();
      }
    });
  }

  safetyNumber(person: Id): Promise<SafetyNumber> {
    return this.#safety((safety) => safety.number(person));
  }

  setVerified(person: Id, verified: boolean): Promise<void> {
    return this.#safety((safety) => safety.setVerified(person, verified));
  }

  checkSafetyQr(person: Id, text: string): Promise<boolean> {
    return this.#safety((safety) => safety.check(person, text));
  }

  mute(conversation: Id, until: number): Promise<void> {
    return this.use((open) => open.setSynced("mute", conversation, until));
  }

  pin(conversation: Id, pinned: boolean): Promise<void> {
    return this.use((open) => open.setSynced("pin", conversation, pinned ? 1 : 0));
  }

  report(conversation: Id, messages: readonly Id[], note: string): Promise<void> {
    return this.#reporting((reporting, open) =>
      reporting.send({ conversation, messages, note }, open.composer, (person) => open.openDirect(person)),
    );
  }

  moderators(): Promise<readonly PersonCard[]> {
    return this.#reporting((reporting) => reporting.moderators());
  }

  ledger(before: string | null): Promise<LedgerPage> {
    return this.#ledger((ledger) => ledger.page(before));
  }

  verifyLedgerRow(row: LedgerRow): Promise<readonly LedgerCheck[]> {
    return this.#ledger((ledger) => ledger.verify(row));
  }

  diagnostics(): Promise<Diagnostics> {
    return guarded(async () => {
      const { describe } = await import("./diagnostics");
      return describe(this.shared, this.holder);
    });
  }

  // What few people need on few days is loaded when they do: the first load stays small.

  #pairings<T>(task: (pairings: Pairings) => Promise<T>): Promise<T> {
    return this.use(async ({ context, identities }) => {
      const { Pairings } = await import("./approval-old");
      return task(new Pairings(context, identities));
    });
  }

  #safety<T>(task: (safety: Safety) => Promise<T>): Promise<T> {
    return this.use(async ({ context, identities }) => {
      const { Safety } = await import("./safety");
      return task(new Safety(context, identities));
    });
  }

  #ledger<T>(task: (ledger: Ledger) => Promise<T>): Promise<T> {
    return this.use(async ({ context }) => {
      const { Ledger } = await import("./ledger");
      return task(new Ledger(context));
    });
  }

  #reporting<T>(task: (reporting: Reporting, open: OpenSession) => Promise<T>): Promise<T> {
    return this.use(async (open) => {
      const { Reporting } = await import("./reporting");
      return task(new Reporting(open.context, open.identities), open);
    });
  }

  /** One for all steps: it keeps what was offered until it is asked for. */
  #resets(): Promise<Reset> {
    this.#reset ??= import("./reset").then(({ Reset }) => new Reset(this.shared));
    return this.#reset;
  }

  /** Runs the last step of an approval; a session that it opens replaces what was here. */
  async #approved(step: (device: NewDevice) => Promise<Entered | null>): Promise<void> {
    const asking = this.#asking;
    if (!asking) throw new AppError("approval_ended");
    const entered = await step(asking.device);
    this.#asking = null;
    if (!entered) return;
    this.entry.dropReplacement();
    await this.holder.enter(entered, asking.shared);
  }

  /** Our own next statement, after the chain as the server has it now. */
  async #statement(open: OpenSession, change: Change): Promise<Uint8Array> {
    const { self, env } = open.context;
    const chain = await open.identities.refresh(self.person);
    return nextStatement({ chain, ...change, at: env.now(), signer: deviceSigner(env.engine, self.keys) });
  }
}
