import {
  approvalAnswer,
  approvalCommit,
  approvalDigits,
  type ApprovalKeys,
  approvalOffer,
  encodeApprovalKeys,
} from "../crypto/approval";
import { concat, equal, isZero, randomBytes } from "../crypto/bytes";
import { type Chain, extendChain } from "../crypto/chain";
import { Batch, type Store } from "../store";
import { isTransient, TransportError } from "../transport";
import { AppError, type Approval } from "./api";
import {
  abandon,
  type Candidate,
  cleanDeviceName,
  confirmed,
  type Entered,
  neverListed,
  prepare,
  type Shared,
  signTicket,
} from "./entering";
import { cryptoCode } from "./errors";
import { verifyOffered } from "./identities";
import { idBytes, newId } from "./ids";
import { qrText } from "./qr";
import { Value } from "./readable";
import type { Replacement } from "./signin";
import { newTransfer } from "./transfers";
import { anchorsOf, firstTrust } from "./trust";

/** How often the relay is asked for what the other device has said. */
const ASK_MS = 1_500;
const MAX_ASK_MS = 10_000;
/** How long a scanned answer waits for the statement that it is about. */
const SCAN_PATIENCE_MS = 15_000;

type Ended = Extract<Approval, { state: "refused" }>["reason"];

interface Made {
  store: Store;
  candidate: Candidate;
  keys: ApprovalKeys;
  chain: Chain;
  pairing: string;
  /** 32 random bytes behind the commitment; in memory only, useless once revealed. */
  r: Uint8Array;
}

/**
 * The new device's side of being approved by another one of the same person:
 *
 *     new → H(r ‖ K)      K: what is to be listed (device, name, keys)
 *     old → n
 *     new → r ‖ K         digits = f(r, n, K, chain head): shown here, typed there
 *     old → statement n + 1
 *
 * Neither the server nor anybody between can make both sides show the same digits for other keys: r is fixed before n
 * is known, and n before r is. The QR carries the hash of K and the chain's head instead. When the statement has come,
 * the person says whether their other device approved (or scans its answer): a server that made up a whole chain of its
 * own would approve by itself, and only the person can tell.
 *
 * The keys are on disk, in a vault in the phase `pending`, before the commitment leaves. A tab that is killed between
 * the approval and the session finds itself listed when the person signs in again; one killed before is nobody.
 */
export class NewDevice {
  readonly state = new Value<Approval>({ state: "asking", qr: "", digits: "" });
  #made: Made | null = null;
  #statement: Uint8Array | null = null;
  #answer = "";
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(
    private readonly shared: Shared,
    private readonly target: Replacement,
    private readonly choice: { deviceName: string; temporary: boolean },
  ) {}

  /** Opens the pairing; from here on `state` tells. */
  async begin(): Promise<void> {
    const { env, api } = this.shared;
    const { login, person, ticket, chain: statements, secrets } = this.target;
    const trust = await firstTrust(api);
    const chain = await verifyOffered(statements, person, anchorsOf(trust));
    const device = newId();
    const deviceName = cleanDeviceName(this.choice.deviceName);
    const kind = this.choice.temporary ? ("temporary" as const) : ("regular" as const);
    const deviceKeys = await env.engine.generateDeviceKeys({
      person: idBytes(person),
      device: idBytes(device),
    });
    const transfer = await env.engine.newTransferKeys();
    const keys: ApprovalKeys = {
      device: idBytes(device),
      kind,
      name: deviceName,
      signatureKey: deviceKeys.signaturePublic,
      transferKey: transfer.publicKey,
    };
    const { pairing } = await api.openPairing(ticket, kind);
    const candidate: Candidate = {
      person,
      login,
      name: { latin: login, local: "" },
      card: null,
      device,
      deviceName,
      keys: deviceKeys,
      wrapped: secrets.vault,
      dataKey: secrets.dataKey,
      statements: [],
      trust,
      kind,
      expiresAt: null,
    };
    const store = await prepare(this.shared, candidate);
    const receiving = newTransfer({
      pairing,
      role: "receiving",
      device,
      key: transfer.privateKey,
      now: env.now(),
    });
    await store.commit(new Batch().put("transfers", pairing, receiving, { expect: 0 }));
    const r = randomBytes(32);
    this.#made = { store, candidate, keys, chain, pairing, r };
    const qr = qrText("approve", await approvalOffer({ pairing: idBytes(pairing), keys, head: chain.hash }));
    this.state.set({ state: "asking", qr, digits: "" });
    void this.#talk(this.#made, qr);
  }

  /** The person's answer. `true` is the session when "yes" has opened one. */
  async confirm(yes: boolean): Promise<Entered | null> {
    const made = this.#made;
    if (!made || !this.#statement || this.state.get().state !== "confirm")
      throw new AppError("approval_ended");
    if (!yes) {
      await this.#end("cancelled");
      return null;
    }
    return this.#finish(made, this.#statement);
  }

  /** The other device's QR instead of the person's word. Throws `AppError("approval_mismatch")`. */
  async scan(text: string): Promise<Entered> {
    const made = this.#made;
    if (!made || this.#ended) throw new AppError("approval_ended");
    // The answer may be on the other screen before the relay has brought the statement.
    const patience = this.shared.env.now() + SCAN_PATIENCE_MS;
    while (this.#answer === "" && !this.#isOver() && this.shared.env.now() < patience) {
      this.#wake();
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    if (this.#answer === "" || !this.#statement) throw new AppError("approval_ended");
    if (text.trim() !== this.#answer) {
      await this.#end("mismatch");
      throw new AppError("approval_mismatch");
    }
    return this.#finish(made, this.#statement);
  }

  async cancel(): Promise<void> {
    await this.#end("cancelled");
  }

  /** A call, because the checker believes that a field cannot change while we wait. */
  #isOver(): boolean {
    return this.#ended;
  }

  async #talk(made: Made, qr: string): Promise<void> {
    try {
      const reason = await this.#exchange(made, qr);
      if (reason !== null) await this.#end(reason);
    } catch (error) {
      const code = cryptoCode(error) ?? (error instanceof TransportError ? error.code : "failed");
      this.shared.journal.note("approval", code);
      await this.#end(cryptoCode(error) === null ? "expired" : "mismatch");
    }
  }

  /** Says and hears everything up to the statement; the reason when it did not come to that. */
  async #exchange(made: Made, qr: string): Promise<Ended | null> {
    const { api } = this.shared;
    const { ticket } = this.target;
    const { pairing, keys, r } = made;
    const commitment = await approvalCommit(r, keys);
    await this.#patiently(() => api.postToPairing(pairing, ticket, commitment));
    const [n, seq] = (await this.#hear(made, 0)) ?? [];
    if (!n || seq === undefined) return this.#ended ? null : "expired";
    if (n.length !== 32) return "mismatch";
    await this.#patiently(() => api.postToPairing(pairing, ticket, concat(r, encodeApprovalKeys(keys))));
    // Zeros say that the QR is compared; digits made of them would be no secret, and the other side takes none.
    const digits = isZero(n) ? "" : await approvalDigits({ r, n, keys, head: made.chain.hash });
    if (!this.#isOver()) this.state.set({ state: "asking", qr, digits });
    const [statement] = (await this.#hear(made, seq)) ?? [];
    if (!statement) return this.#ended ? null : "digits";
    await this.#accept(made, statement);
    return null;
  }

  /** The statement lists this very device and changes nothing else, signed by a device that was listed before. */
  async #accept(made: Made, statement: Uint8Array): Promise<void> {
    const { keys, chain, candidate } = made;
    const after = await extendChain(chain, [statement], anchorsOf(candidate.trust));
    const own = after.devices.find((entry) => equal(entry.id, keys.device));
    const listed = own?.kind === keys.kind && equal(own.signatureKey, keys.signatureKey);
    if (!own || !listed || after.devices.length !== chain.devices.length + 1)
      throw new AppError("approval_mismatch");
    const { expiresAt } = own;
    if (expiresAt !== null) {
      await made.store.update("account", "me", (account) => account && { ...account, expiresAt });
    }
    this.#statement = statement;
    this.#answer = qrText("approved", await approvalAnswer({ keys, statementHash: after.hash }));
    if (!this.#isOver()) this.state.set({ state: "confirm" });
  }

  /** The next thing that the other side says, with its place; null when the pairing is over before that. */
  async #hear(made: Made, after: number): Promise<[body: Uint8Array, seq: number] | null> {
    const { api, env } = this.shared;
    let wait = ASK_MS;
    while (!this.#isOver()) {
      const page = await this.#patiently(() => api.readPairing(made.pairing, this.target.ticket, after));
      const said = page.messages.find((message) => message.side === "old");
      if (said) return [said.body, said.seq];
      if (page.state === "dead") return null;
      await this.#pause(wait * (0.75 + env.random() / 2));
      wait = Math.min(wait * 1.1, MAX_ASK_MS);
    }
    return null;
  }

  /** Again after a lost answer or a busy server; the relay's answers are the same each time. */
  async #patiently<T>(request: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await request();
      } catch (error) {
        if (!isTransient(error) || this.#isOver()) throw error;
        await this.#pause(ASK_MS * 2);
      }
    }
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #finish(made: Made, statement: Uint8Array): Promise<Entered> {
    const { api } = this.shared;
    const { candidate, store, pairing } = made;
    this.state.set({ state: "finishing" });
    const { ticket } = this.target;
    try {
      const signature = await signTicket(this.shared, candidate.keys, ticket);
      const me = await this.#patiently(() => api.finishPairing(pairing, ticket, signature));
      const statements = [...this.target.chain, statement];
      await confirmed(this.shared, store, { ...candidate, statements }, me);
      this.#ended = true;
      this.#made = null;
      return { store, me, dataKey: candidate.dataKey };
    } catch (error) {
      // The chain lists this device by now. Without a clear refusal the keys stay, and signing in opens the session.
      if (neverListed(error)) await this.#end("expired");
      throw error;
    }
  }

  /** Ends without a session: what was made here is erased. */
  async #end(reason: Ended): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#wake();
    const made = this.#made;
    this.#made = null;
    this.#statement = null;
    if (made) await abandon(this.shared, made.store);
    this.state.set({ state: "refused", reason });
  }
}
