import { parseActivationCode } from "../crypto/codes";
import { foldDigits } from "../crypto/folding";
import { randomBytes } from "../crypto/bytes";
import { resetStatement } from "../crypto/statements";
import { Store } from "../store";
import { TransportError } from "../transport";
import { type ActivationOffer, AppError, type Id } from "./api";
import {
  abandon,
  type Candidate,
  cleanDeviceName,
  confirmed,
  deviceEntry,
  type Entered,
  keysOf,
  neverListed,
  prepare,
  type Shared,
  signTicket,
  totpDigits,
} from "./entering";
import { deviceSigner, listsDevice, recoverySigner, verifyOffered } from "./identities";
import { idBytes, newId } from "./ids";
import { anchorsOf, firstTrust, learnTrust } from "./trust";

interface Offered {
  code: string;
  personnelNumber: string;
  person: Id;
  login: string;
  name: { latin: string; local: string };
  chain: Uint8Array[];
  /** Shown once, in memory until the request has left, stored nowhere. */
  recoveryCode: string;
}

export type ResetProgress =
  | { state: "waiting" | "signed" | "dropped"; officers: number; earliest: number }
  | { state: "ready"; officers: number; earliest: number };

/**
 * Everything is lost: no device, no recovery code. A letter brings the person here; this device makes statement n + 1,
 * marked as a reset, with itself alone and a new recovery key; two officers sign it after a delay that everybody who
 * talks with the person is told of. Until then the device's keys wait in a vault in the phase `pending`, and the vault's
 * row holds the ticket, so that the page may be closed for days.
 */
export class Reset {
  #offered: Offered | null = null;

  constructor(private readonly shared: Shared) {}

  async begin(code: string, personnelNumber: string): Promise<ActivationOffer> {
    const { api, env } = this.shared;
    const folded = await parseActivationCode(code);
    const number = foldDigits(personnelNumber).trim();
    const answer = await api.beginReset(folded, number);
    const before = this.#offered?.person === answer.person.id ? this.#offered : null;
    const recoveryCode = before?.recoveryCode ?? (await env.engine.newRecoveryCode());
    const { person, login, chain } = answer;
    const { id, name } = person;
    this.#offered = { code: folded, personnelNumber: number, person: id, login, name, chain, recoveryCode };
    return { person, login, totpSecret: answer.totp_secret, totpUri: answer.totp_uri, recoveryCode };
  }

  /** Asks for the reset. The keys are on disk before the server hears of them. */
  async request(choice: {
    passphrase: string;
    totp: string;
    deviceName: string;
  }): Promise<{ earliest: number }> {
    const offered = this.#offered;
    if (!offered) throw new AppError("code_refused");
    const { env, api, vault } = this.shared;
    const trust = await firstTrust(api);
    const chain = await verifyOffered(offered.chain, offered.person, anchorsOf(trust));
    const person = idBytes(offered.person);
    const device = newId();
    const salt = randomBytes(16);
    const made = await env.engine.createVault({ passphrase: choice.passphrase, salt });
    const keys = await env.engine.generateDeviceKeys({ person, device: idBytes(device) });
    const deviceName = cleanDeviceName(choice.deviceName);
    const at = Math.max(env.now(), chain.at);
    const statement = await resetStatement({
      chain,
      device: deviceEntry(keys, deviceName, at),
      at,
      deviceSigner: deviceSigner(env.engine, keys),
      recovery: await recoverySigner(env.engine, offered.recoveryCode, person),
    });
    const { login, name } = offered;
    const candidate: Candidate = {
      person: offered.person,
      login,
      name,
      card: null,
      device,
      deviceName,
      keys,
      wrapped: made.vault,
      dataKey: made.dataKey,
      statements: [],
      trust,
      kind: "regular",
      expiresAt: null,
    };
    const store = await prepare(this.shared, candidate);
    try {
      const asked = await api.requestReset({
        code: offered.code,
        personnelNumber: offered.personnelNumber,
        salt,
        signInSecret: made.signInSecret,
        totp: totpDigits(choice.totp),
        statement,
      });
      await vault.change({ reset: asked });
      // While the page stays open nobody has to type the passphrase again; after 12 h they have to.
      await vault.keepHandle(made.dataKey, env.now());
      this.#offered = null;
      return { earliest: asked.earliest };
    } catch (error) {
      if (neverListed(error)) await abandon(this.shared, store);
      throw error;
    } finally {
      store.close();
    }
  }

  /** How it stands. Throws `AppError("reset_refused")` when none is under way here. */
  async status(): Promise<ResetProgress> {
    const { vault, api } = this.shared;
    const row = await vault.read();
    if (!row?.reset) throw new AppError("reset_refused");
    const status = await api.resetStatus(row.reset.ticket).catch(async (error: unknown) => {
      // It took effect and the answer was lost: from here on an ordinary sign-in opens the session.
      if (!(error instanceof TransportError) || error.code !== "ticket_refused") throw error;
      await vault.change({ reset: null });
      throw new AppError("reset_refused");
    });
    if (status.state === "dropped") await vault.erase();
    else if (status.earliest !== row.reset.earliest)
      await vault.change({ reset: { ...row.reset, earliest: status.earliest } });
    return status;
  }

  /** Opens the session of the reset identity. Throws `AppError("reset_refused")` while it is not ready. */
  async finish(dataKey: CryptoKey): Promise<Entered> {
    const { vault, database, api } = this.shared;
    const row = await vault.read();
    if (!row?.reset || (await this.status()).state !== "ready") throw new AppError("reset_refused");
    const store = await Store.open(database, vault, dataKey);
    try {
      const account = (await store.get("account", "me"))?.value;
      if (!account) throw new AppError("storage_failed");
      const { ticket } = row.reset;
      const me = await api.finishReset(ticket, await signTicket(this.shared, keysOf(account), ticket));
      // The officers' signatures are part of the chain now: verified as everybody else will.
      const trust = learnTrust(account.trust, await api.trust());
      const statements = await api.identity(account.person, 0);
      const chain = await verifyOffered(statements, account.person, anchorsOf(trust));
      if (!listsDevice(chain, account.device)) throw new AppError("identity_chain_refused");
      await store.update("account", "me", (record) => record && { ...record, trust });
      await confirmed(this.shared, store, { person: account.person, statements, trust }, me);
      return { store, me, dataKey };
    } catch (error) {
      store.close();
      throw error;
    }
  }
}
