import {
  approvalAnswer,
  approvalCommit,
  approvalDigits,
  type ApprovalKeys,
  approvalOffer,
  parseApprovalKeys,
  parseApprovalOffer,
} from "../crypto/approval";
import { equal, randomBytes } from "../crypto/bytes";
import { type Chain, TEMPORARY_LIFETIME } from "../crypto/chain";
import { CryptoError } from "../crypto/errors";
import { foldDigits } from "../crypto/folding";
import { type DeviceEntry, parseStatement, statementHash } from "../crypto/identity";
import { nextStatement } from "../crypto/statements";
import { Batch, type PairingRecord } from "../store";
import { isTransient, TransportError } from "../transport";
import { retryLost } from "./activation";
import { AppError, type Approved, type Id } from "./api";
import type { Context } from "./context";
import { cryptoCode } from "./errors";
import { deviceSigner, type Identities, listsDevice } from "./identities";
import { idBytes, idText } from "./ids";
import { Pump } from "./lanes";
import { qrBytes, qrText } from "./qr";
import { newTransfer } from "./transfers";

const MAX_TRIES = 3;
/** How often an open pairing is looked at, should the event that something was said get lost. */
const LOOK_MS = 5_000;
/** Somebody who used this device within this time is taken to sit at it. */
const IN_USE_MS = 3 * 60 * 1000;
const REVEAL_PATIENCE_MS = 20_000;
/** Says in place of a random number that the QR will be compared, not digits. */
const BY_QR = new Uint8Array(32);

/**
 * The approving device's side (see `NewDevice` for what is said). Everything that must not be lost is in the table
 * `pairings`: our number before it leaves, what was revealed, how often wrong digits were typed, and the statement
 * before it is sent. So any tab, and the next one after a crash, goes on from there.
 *
 * The first device of the person that answers takes the pairing. With several devices, only one that is in use answers:
 * the office machine must not take it from the phone that the person holds.
 */
export class Pairings {
  readonly #pump = new Pump(() => this.#look());
  #timer: ReturnType<typeof setTimeout> | null = null;
  #stopped = false;

  constructor(
    private readonly context: Context,
    private readonly identities: Identities,
  ) {}

  stop(): void {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Asks the server what is open and says what is ours to say. A temporary device may approve nobody. */
  poke(): Promise<void> {
    return this.context.self.temporary ? Promise.resolve() : this.#pump.poke();
  }

  /** Somebody uses this device just now: a pairing that waited for that is answered. */
  async answer(): Promise<void> {
    if ((await this.context.store.count("pairings")) > 0) await this.poke();
  }

  /**
   * The eight digits that the new device shows. Throws `AppError`: `approval_digits` while tries are left,
   * `approval_digits_last` when one is, `approval_ended` when none is, or the pairing is gone; `devices_full`.
   */
  async approveWithDigits(pairing: Id, typed: string, history: boolean): Promise<Approved> {
    const { store } = this.context;
    const known = await this.#known(pairing);
    if (!known.answer) throw new AppError("approval_ended");
    // The other screen shows the digits before its keys have come round to us.
    const record = known.revealed ? known : await this.#revealed(pairing);
    const { answer, revealed } = record;
    if (!answer || !revealed) throw new AppError("approval_ended");
    const keys = parseApprovalKeys(revealed.k);
    const chain = await this.#ownChain();
    const digits = await approvalDigits({ r: revealed.r, n: answer, keys, head: chain.hash });
    // All zeros were never a secret: whoever reads the relay knows those digits.
    const guessable = equal(answer, BY_QR);
    if (!guessable && foldDigits(typed).replace(/[^0-9]/gu, "") === digits)
      return this.#approve(record, keys, chain, history);
    const tried = await store.update("pairings", pairing, (row) => row && { ...row, tries: row.tries + 1 });
    const left = MAX_TRIES - (tried?.tries ?? MAX_TRIES);
    if (left > 0) throw new AppError(left > 1 ? "approval_digits" : "approval_digits_last");
    await this.refuse(pairing);
    throw new AppError("approval_ended");
  }

  /** The text of the new device's QR. Throws `AppError("approval_mismatch")`, which ends the pairing. */
  async approveWithQr(text: string, history: boolean): Promise<Approved> {
    const offered = qrBytes("approve", text);
    const pairing = offered && pairingOf(offered);
    if (!pairing) throw new AppError("approval_mismatch");
    const record = await this.#revealed(pairing);
    if (!record.revealed) throw new AppError("approval_ended");
    const keys = parseApprovalKeys(record.revealed.k);
    const chain = await this.#ownChain();
    const expected = await approvalOffer({ pairing: idBytes(pairing), keys, head: chain.hash });
    if (!equal(expected, offered)) {
      await this.refuse(pairing);
      throw new AppError("approval_mismatch");
    }
    return this.#approve(record, keys, chain, history);
  }

  async refuse(pairing: Id): Promise<void> {
    await this.#drop(pairing);
    await this.context.api.failPairing(pairing).catch((error: unknown) => {
      if (!(error instanceof TransportError) || isTransient(error)) throw error;
    });
  }

  /** Statement n + 1 with the new device in it, stored before it is sent, so that a lost answer changes nothing. */
  async #approve(
    record: PairingRecord,
    keys: ApprovalKeys,
    chain: Chain,
    history: boolean,
  ): Promise<Approved> {
    const { store, api, self } = this.context;
    const { pairing } = record;
    const device = idText(keys.device);
    const statement = record.statement ?? (await this.#statement(keys, chain));
    await store.update("pairings", pairing, (row) => row && { ...row, statement, history });
    try {
      await retryLost(() => api.approvePairing(pairing, statement));
    } catch (error) {
      // An earlier attempt may have reached the server: the chain tells.
      const now = await this.identities.refresh(self.person);
      if (!listsDevice(now, device)) {
        await store.update("pairings", pairing, (row) => row && { ...row, statement: null });
        if (error instanceof TransportError && error.code === "pairing_refused") await this.#drop(pairing);
        throw error;
      }
    }
    return { qr: await this.#complete({ ...record, statement, history }, keys), device };
  }

  /** What follows an accepted statement: the new device hears it, history is on its way, conversations let it in. */
  async #complete(record: PairingRecord, keys: ApprovalKeys): Promise<string> {
    const { store, api, env, self, bus, journal } = this.context;
    const { pairing, statement } = record;
    if (!statement) throw new AppError("approval_ended");
    await retryLost(() => api.postToPairing(pairing, null, statement)).catch((error: unknown) => {
      // The new device waits for it: again later, from the record.
      if (isTransient(error)) throw error;
      journal.note("approval", error instanceof TransportError ? error.code : "failed");
    });
    await this.identities.refresh(self.person);
    const batch = new Batch().remove("pairings", pairing);
    const device = idText(keys.device);
    const wanted = record.history && keys.kind === "regular";
    if (wanted && !(await store.get("transfers", pairing))) {
      const sending = { pairing, role: "sending" as const, device, key: keys.transferKey, now: env.now() };
      batch.put("transfers", pairing, newTransfer(sending));
    }
    await store.commit(batch);
    // So that the new device does not wait for what nobody sends.
    if (!wanted) this.context.background("history", api.endHistory(pairing));
    bus.publish({ t: "pairings" });
    bus.publish({ t: "own-device" });
    bus.publish({ t: "history" });
    bus.publish({ t: "transfer" });
    const { unsigned } = parseStatement(statement);
    return qrText("approved", await approvalAnswer({ keys, statementHash: await statementHash(unsigned) }));
  }

  async #statement(keys: ApprovalKeys, chain: Chain): Promise<Uint8Array> {
    const { env, self } = this.context;
    const at = Math.max(env.now(), chain.at);
    const entry: DeviceEntry = {
      id: keys.device,
      name: keys.name,
      kind: keys.kind,
      signatureKey: keys.signatureKey,
      addedAt: at,
      expiresAt: keys.kind === "temporary" ? at + TEMPORARY_LIFETIME : null,
    };
    try {
      return await nextStatement({ chain, add: [entry], at, signer: deviceSigner(env.engine, self.keys) });
    } catch (error) {
      // Five devices, or three temporary ones: the person has to let one go first.
      if (!(error instanceof CryptoError) || error.code !== "statement_refused") throw error;
      throw new AppError(error.detail["rule"] === "too_many_devices" ? "devices_full" : error.code);
    }
  }

  /** The own chain as it is on the server: what is signed must follow its head. */
  #ownChain(): Promise<Chain> {
    return this.identities.refresh(this.context.self.person);
  }

  async #known(pairing: Id): Promise<PairingRecord> {
    const stored = await this.context.store.get("pairings", pairing);
    if (!stored) throw new AppError("approval_ended");
    return stored.value;
  }

  /** The pairing once the new device has shown its keys; they come at once after an answer of zeros. */
  async #revealed(pairing: Id): Promise<PairingRecord> {
    const { store, env } = this.context;
    const patience = env.now() + REVEAL_PATIENCE_MS;
    for (;;) {
      await this.#list();
      const record = await this.#known(pairing);
      if (record.revealed) return record;
      if (!record.answer && record.commit)
        await store.update("pairings", pairing, (row) => row && { ...row, answer: row.answer ?? BY_QR });
      await this.#talk(pairing);
      const now = await this.#known(pairing);
      if (now.revealed) return now;
      if (env.now() > patience) throw new AppError("approval_ended");
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  async #look(): Promise<void> {
    const { context } = this;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    try {
      await this.#round();
    } finally {
      // An event says when there is more to hear; this is for the one that got lost, and for what failed just now.
      if (!this.#stopped && context.leads && (await context.store.count("pairings")) > 0)
        this.#timer = setTimeout(() => {
          context.background("pairings", this.poke());
        }, LOOK_MS);
    }
  }

  async #round(): Promise<void> {
    const { context } = this;
    for (const pairing of await this.#list()) {
      await this.#talk(pairing);
      const record = (await context.store.get("pairings", pairing))?.value;
      if (!record?.commit || record.answer || !(await this.#mayAnswer())) continue;
      const answer = randomBytes(32);
      await context.store.update(
        "pairings",
        pairing,
        (row) => row && { ...row, answer: row.answer ?? answer },
      );
      await this.#talk(pairing);
    }
  }

  /** Brings the table in line with the server's list; the ids of what is open. */
  async #list(): Promise<Id[]> {
    const { store, api, bus } = this.context;
    const open = await api.pairings();
    let changed = false;
    for (const { id, kind, created_at: createdAt } of open) {
      if (await store.get("pairings", id)) continue;
      changed = true;
      const fresh = {
        name: "",
        commit: null,
        answer: null,
        revealed: null,
        tries: 0,
        statement: null,
        history: false,
      };
      await store.update("pairings", id, (row) => (row ? null : { pairing: id, kind, createdAt, ...fresh }));
    }
    for (const { key, value } of await store.all("pairings")) {
      if (open.some(({ id }) => id === key)) continue;
      changed = true;
      if (!(await this.#wasApproved(value))) await store.commit(new Batch().remove("pairings", key));
    }
    if (changed) bus.publish({ t: "pairings" });
    return open.map(({ id }) => id);
  }

  /** An approval whose answer never came, because the tab ended or the network did: goes on where it stopped. */
  async #wasApproved(record: PairingRecord): Promise<boolean> {
    if (!record.statement || !record.revealed) return false;
    const keys = parseApprovalKeys(record.revealed.k);
    if (!listsDevice(await this.#ownChain(), idText(keys.device))) return false;
    await this.#complete(record, keys);
    return true;
  }

  /** Hears what the new device has said and says our number once; ends a pairing that does not keep to the rules. */
  async #talk(pairing: Id): Promise<void> {
    const { store, api, bus } = this.context;
    const { messages, state } = await api.readPairing(pairing, null, 0);
    if (state !== "open") return;
    const said = messages.filter((message) => message.side === "new");
    const [commit, reveal] = said;
    if (!commit) return;
    const record = await store.update("pairings", pairing, (row) =>
      row && !row.commit ? { ...row, commit: commit.body } : null,
    );
    if (!record?.commit) return;
    const { answer } = record;
    if (answer && !messages.some((message) => message.side === "old")) {
      try {
        await api.postToPairing(pairing, null, answer);
      } catch (error) {
        // Another device of ours was first: it is theirs to approve.
        if (error instanceof TransportError && error.code === "pairing_refused") await this.#drop(pairing);
        else throw error;
      }
      return;
    }
    if (!answer || !reveal || record.revealed) return;
    const r = reveal.body.slice(0, 32);
    const k = reveal.body.slice(32);
    if (!(await this.#keepsWord(record, commit.body, r, k))) {
      this.context.journal.note("approval", "commitment");
      await this.refuse(pairing);
      return;
    }
    const { name } = parseApprovalKeys(k);
    await store.update("pairings", pairing, (row) => row && { ...row, name, revealed: { r, k } });
    bus.publish({ t: "pairings" });
  }

  async #keepsWord(
    record: PairingRecord,
    commit: Uint8Array,
    r: Uint8Array,
    k: Uint8Array,
  ): Promise<boolean> {
    try {
      const keys = parseApprovalKeys(k);
      const same = record.commit !== null && equal(record.commit, commit);
      return same && keys.kind === record.kind && equal(await approvalCommit(r, keys), commit);
    } catch (error) {
      if (cryptoCode(error) === null) throw error;
      return false;
    }
  }

  /** The only living device of the person, or the one that somebody sits at. */
  async #mayAnswer(): Promise<boolean> {
    const { vault, self } = this.context;
    const chain = (await this.identities.pinned(self.person)) ?? (await this.#ownChain());
    const others = chain.devices.filter(
      (entry) => entry.kind === "regular" && idText(entry.id) !== self.device,
    );
    if (others.length === 0) return true;
    const lastUsed = await vault.lastUsed();
    return lastUsed !== null && this.context.now() - lastUsed < IN_USE_MS;
  }

  async #drop(pairing: Id): Promise<void> {
    await this.context.store.commit(new Batch().remove("pairings", pairing));
    this.context.bus.publish({ t: "pairings" });
  }
}

/** The pairing that an offer names; null for bytes that are none. */
function pairingOf(offer: Uint8Array): Id | null {
  try {
    return idText(parseApprovalOffer(offer).pairing);
  } catch (error) {
    if (cryptoCode(error) === null) throw error;
    return null;
  }
}
