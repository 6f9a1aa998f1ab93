import type { DeviceKeys } from "../crypto/api";
import { foldDigits } from "../crypto/folding";
import type { DeviceEntry } from "../crypto/identity";
import { type AccountRecord, Batch, type Database, Store, type Vault, type WrappedKey } from "../store";
import { type Api, isTransient, type MeAnswer, TransportError } from "../transport";
import type { Bilingual, Id, PersonCard } from "./api";
import type { Bus } from "./bus";
import type { Environment } from "./environment";
import { idBytes } from "./ids";
import type { Journal } from "./journal";

/** What exists whether or not a session is open. */
export interface Shared {
  env: Environment;
  database: Database;
  vault: Vault;
  api: Api;
  bus: Bus;
  journal: Journal;
}

/** A device that is about to be made known to the server. */
export interface Candidate {
  person: Id;
  login: string;
  /** For the lock screen until the server has told the name. */
  name: Bilingual;
  card: PersonCard | null;
  device: Id;
  deviceName: string;
  keys: DeviceKeys;
  wrapped: WrappedKey;
  dataKey: CryptoKey;
  /** The person's chain with the statement that lists this device at its end. */
  statements: Uint8Array[];
}

/** A one-time code as the server reads it: ASCII digits only. */
export const totpDigits = (text: string): string => foldDigits(text).replace(/[\s-]/gu, "");

/** A name fit for an identity statement: NFC, no control characters, at most 64 characters, never empty. */
export function cleanDeviceName(text: string): string {
  const clean = text.normalize("NFC").replace(/\p{C}/gu, " ").replace(/\s+/gu, " ").trim();
  const short = [...clean].slice(0, 32).join("").trim();
  return short === "" ? "Browser" : short;
}

export function deviceEntry(keys: DeviceKeys, name: string, at: number): DeviceEntry {
  const { device: id, signaturePublic: signatureKey } = keys;
  return { id, name, kind: "regular", signatureKey, addedAt: at, expiresAt: null };
}

/**
 * Makes the device's keys and secrets durable *before* the server learns of the device: whatever happens to the answer,
 * the keys that the identity chain names are not lost. The vault stays `pending` until the server has confirmed.
 */
export async function register(
  shared: Shared,
  candidate: Candidate,
  confirm: () => Promise<MeAnswer>,
): Promise<{ store: Store; me: MeAnswer }> {
  const { vault, database } = shared;
  const { wrapped, login, name, dataKey } = candidate;
  await vault.erase();
  await vault.create({ wrapped, login, name, phase: "pending", needsSignIn: true });
  const store = await Store.open(database, vault, dataKey);
  await store.commit(new Batch().put("account", "me", accountRecord(candidate), { expect: 0 }));
  let me: MeAnswer;
  try {
    me = await confirm();
  } catch (error) {
    // A clear refusal: this device was never listed. Without one (no answer, a proxy's error page, a failure in the
    // middle) the vault stays, and signing in finds out.
    const refused = error instanceof TransportError && !isTransient(error) && error.code !== "bad_answer";
    if (refused) {
      store.close();
      await vault.erase();
    }
    throw error;
  }
  const blind = await store.person(candidate.person);
  const chain = { person: candidate.person, statements: candidate.statements, alarm: null };
  await store.commit(
    new Batch().put("chains", blind, chain).put("people", blind, { card: me.person, at: shared.env.now() }),
  );
  await vault.change({ phase: "active", needsSignIn: false, login: me.login, name: me.person.name });
  return { store, me };
}

function accountRecord(candidate: Candidate): AccountRecord {
  const empty = { latin: "", local: "" };
  const { person, login, device, deviceName, keys, name } = candidate;
  const unknown = {
    id: person,
    name,
    post: empty,
    unit: empty,
    ministry: empty,
    activated: true,
    active: true,
  };
  return {
    person,
    login,
    device,
    deviceName,
    card: candidate.card ?? unknown,
    signaturePublic: keys.signaturePublic,
    signaturePrivate: keys.signaturePrivate,
    mailbox: 0,
  };
}

export function keysOf(account: AccountRecord): DeviceKeys {
  return {
    person: idBytes(account.person),
    device: idBytes(account.device),
    signaturePublic: account.signaturePublic,
    signaturePrivate: account.signaturePrivate,
  };
}
