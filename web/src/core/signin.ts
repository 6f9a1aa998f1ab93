import type { Chain } from "../crypto/chain";
import { equal, randomBytes } from "../crypto/bytes";
import { nextStatement } from "../crypto/statements";
import { Writer } from "../crypto/tls";
import { Store, type VaultRow, type WrappedKey } from "../store";
import type { MeAnswer, RecoveryTicket } from "../transport";
import { AppError, type Id } from "./api";
import {
  cleanDeviceName,
  deviceEntry,
  type Entered,
  keysOf,
  register,
  type Shared,
  totpDigits,
} from "./entering";
import { cryptoCode } from "./errors";
import { recoverySigner, verifyOffered } from "./identities";
import { idBytes, newId } from "./ids";
import { anchorsOf, firstTrust } from "./trust";

export interface Secrets {
  dataKey: CryptoKey;
  vault: WrappedKey;
  signInSecret: Uint8Array;
}

/** Somebody who proved who they are, in a browser that their chain does not list. */
export interface Replacement {
  login: string;
  person: Id;
  /** Base64url of 32 bytes; allows one of: replacing by the recovery code, being approved by another device. */
  ticket: string;
  chain: Uint8Array[];
  secrets: Secrets;
}

interface Recovery {
  login: string;
  recoveryCode: string;
  ticket: RecoveryTicket;
}

/** Logins are compared without regard to case and surrounding space; the server has the last word. */
const sameLogin = (a: string, b: string): boolean => a.trim().toLowerCase() === b.trim().toLowerCase();

/** Signing in, replacing the device, and recovering: every way back for somebody whom the server knows. */
export class SignIn {
  /** Kept in memory between the two steps of a flow; dropped when it ends. */
  #replacement: Replacement | null = null;
  #recovery: Recovery | null = null;

  constructor(private readonly shared: Shared) {}

  /** A session for this browser's device, or null when the person must replace their device with this one. */
  async signIn(input: { login: string; passphrase: string; totp: string }): Promise<Entered | null> {
    const { api, env, vault } = this.shared;
    const row = await vault.read();
    if (row && !sameLogin(row.login, input.login)) throw new AppError("conflict");
    const login = input.login.trim();
    const { salt, challenge } = await api.beginSignIn(login);
    const totp = totpDigits(input.totp);
    const opened = row ? await this.#openVault(row, input.passphrase, challenge) : null;
    const secrets = opened?.secrets ?? (await env.engine.createVault({ passphrase: input.passphrase, salt }));
    const { signInSecret } = secrets;
    const device = opened?.device ?? null;
    const outcome = await api.finishSignIn({ login, signInSecret, totp, challenge, device });
    if (outcome.outcome === "session") {
      if (!opened) throw new AppError("internal");
      await vault.change({ phase: "active", needsSignIn: false, reset: null, name: outcome.me.person.name });
      return { store: opened.store, me: outcome.me, dataKey: secrets.dataKey };
    }
    opened?.store.close();
    // The new device gets a vault of its own: nothing of the replaced one is used again.
    const fresh = opened ? await env.engine.createVault({ passphrase: input.passphrase, salt }) : secrets;
    const { person_id: person, ticket, chain } = outcome;
    this.#replacement = { login, person, ticket, chain, secrets: { ...secrets, ...fresh } as Secrets };
    return null;
  }

  /** Throws `AppError("ticket_refused")` unless the last sign-in ended in "replace". */
  get replacement(): Replacement {
    if (!this.#replacement) throw new AppError("ticket_refused");
    return this.#replacement;
  }

  /** The ticket was used up, or given up. */
  dropReplacement(): void {
    this.#replacement = null;
  }

  async finishReplace(input: { recoveryCode: string; deviceName: string }): Promise<Entered> {
    const held = this.replacement;
    const { api } = this.shared;
    const entered = await this.#enter(held, input, (statement) => api.replaceDevice(held.ticket, statement));
    this.#replacement = null;
    return entered;
  }

  async beginRecovery(input: { login: string; recoveryCode: string }): Promise<RecoveryTicket> {
    const { api, env } = this.shared;
    const login = input.login.trim();
    const { person_id: person, challenge } = await api.beginRecovery(login);
    const personBytes = idBytes(person);
    const content = new Writer().opaque(challenge).fixed(personBytes, 16).bytes;
    const { recoveryCode: code } = input;
    const signature = await env.engine.signWithRecoveryCode({
      code,
      person: personBytes,
      label: "Recovery",
      content,
    });
    const ticket = await api.verifyRecovery(login, challenge, signature);
    this.#recovery = { login, recoveryCode: code, ticket };
    return ticket;
  }

  async finishRecovery(input: { passphrase: string; totp: string; deviceName: string }): Promise<Entered> {
    const held = this.#recovery;
    if (!held) throw new AppError("ticket_refused");
    const { api, env } = this.shared;
    const salt = randomBytes(16);
    const secrets = await env.engine.createVault({ passphrase: input.passphrase, salt });
    const { login, recoveryCode, ticket } = held;
    const target = { login, person: ticket.person_id, chain: ticket.chain, secrets };
    const entered = await this.#enter(target, { recoveryCode, deviceName: input.deviceName }, (statement) =>
      api.finishRecovery({
        ticket: ticket.ticket,
        salt,
        signInSecret: secrets.signInSecret,
        totp: totpDigits(input.totp),
        statement,
      }),
    );
    this.#recovery = null;
    return entered;
  }

  /** Proves that this is the device that the chain lists: its key signs the server's challenge. */
  async #openVault(row: VaultRow, passphrase: string, challenge: Uint8Array) {
    const { env, database, vault } = this.shared;
    const opened = await env.engine.openVault({ passphrase, vault: row.wrapped }).catch((error: unknown) => {
      // Perhaps the passphrase was set anew on another device: then the server knows it, and this vault is over.
      if (cryptoCode(error) === "wrong_passphrase") return null;
      throw error;
    });
    if (!opened) return null;
    const { dataKey, signInSecret } = opened;
    const store = await Store.open(database, vault, dataKey);
    const account = await store.get("account", "me");
    if (!account) throw new AppError("storage_failed");
    const keys = keysOf(account.value);
    const content = new Writer().opaque(challenge).fixed(keys.device, 16).bytes;
    const signature = await env.engine.signWithDevice({ keys, label: "SignIn", content });
    const secrets = { dataKey, vault: row.wrapped, signInSecret };
    return { store, secrets, device: { id: account.value.device, signature } };
  }

  /** Statement n + 1, signed by the recovery code: lists only this new device and revokes all others. */
  async #enter(
    target: { login: string; person: Id; chain: Uint8Array[]; secrets: Secrets },
    input: { recoveryCode: string; deviceName: string },
    confirm: (statement: Uint8Array) => Promise<MeAnswer>,
  ): Promise<Entered> {
    const { env, api } = this.shared;
    const trust = await firstTrust(api);
    const chain: Chain = await verifyOffered(target.chain, target.person, anchorsOf(trust));
    const signer = await recoverySigner(env.engine, input.recoveryCode, idBytes(target.person));
    if (!equal(signer.key, chain.recoveryKey)) throw new AppError("recovery_refused");
    const device = newId();
    const person = idBytes(target.person);
    const keys = await env.engine.generateDeviceKeys({ person, device: idBytes(device) });
    const deviceName = cleanDeviceName(input.deviceName);
    const at = env.now();
    const statement = await nextStatement({
      chain,
      add: [deviceEntry(keys, deviceName, at)],
      revoke: chain.devices.map((entry) => entry.id),
      at,
      signer,
    });
    const { dataKey, vault } = target.secrets;
    const { store, me } = await register(
      this.shared,
      {
        person: target.person,
        login: target.login,
        name: { latin: target.login, local: "" },
        card: null,
        device,
        deviceName,
        keys,
        wrapped: vault,
        dataKey,
        statements: [...target.chain, statement],
        trust,
        kind: "regular",
        expiresAt: null,
      },
      () => confirm(statement),
    );
    return { store, me, dataKey };
  }
}
