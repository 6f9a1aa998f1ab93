import type { DeviceKeys } from "../crypto/api";
import { foldDigits } from "../crypto/folding";
import type { DeviceEntry } from "../crypto/identity";
import { Writer } from "../crypto/tls";
import {
  type AccountRecord,
  Batch,
  type Database,
  Store,
  type TrustRecord,
  type Vault,
  type WrappedKey,
} from "../store";
import { type Api, fromBase64Url, isTransient, type MeAnswer, TransportError } from "../transport";
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
  /** The person's chain with the statement that lists this device at its end; empty while nobody has signed that. */
  statements: Uint8Array[];
  trust: TrustRecord;
  kind: "regular" | "temporary";
  /** Milliseconds UTC; null: never. */
  expiresAt: number | null;
}

/** A person's session on this device, as every way in ends. */
export interface Entered {
  store: Store;
  me: MeAnswer;
  dataKey: CryptoKey;
}

/** A one-time code as the server reads it: ASCII digits only. */
export const totpDigits = (text: string): string => foldDigits(text).replace(/[\s-]/gu, "");

/** A name fit for an identity statement: NFC, no control characters, at most 64 characters, never empty. */
export function cleanDeviceName(text: string): string {
  const clean = text.normalize("NFC").replace(/\p{C}/gu, " ").replace(/\s+/gu, " ").trim();
  const short = [...clean].slice(0, 32).join("").trim();
  return short === "" ? "Browser" : short;
}

/** The entry of a regular device in an identity statement. */
export function deviceEntry(keys: DeviceKeys, name: string, at: number): DeviceEntry {
  const { device: id, signaturePublic: signatureKey } = keys;
  return { id, name, kind: "regular", signatureKey, addedAt: at, expiresAt: null };
}

/** What a ticket and the new device's own key prove together: label SignIn over (ticket, device). */
export async function signTicket({ env }: Shared, keys: DeviceKeys, ticket: string): Promise<Uint8Array> {
  const bytes = fromBase64Url(ticket);
  if (!bytes) throw new TransportError("bad_answer");
  const content = new Writer().opaque(bytes).fixed(keys.device, 16).bytes;
  return env.engine.signWithDevice({ keys, label: "SignIn", content });
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
  const store = await prepare(shared, candidate);
  let me: MeAnswer;
  try {
    me = await confirm();
  } catch (error) {
    if (neverListed(error)) await abandon(shared, store);
    throw error;
  }
  await confirmed(shared, store, candidate, me);
  return { store, me };
}

/** A vault in the phase `pending` with the device's keys in it. Whatever stood here before is erased. */
export async function prepare(shared: Shared, candidate: Candidate): Promise<Store> {
  const { vault, database } = shared;
  const { wrapped, login, name, dataKey } = candidate;
  await vault.erase();
  await vault.create({ wrapped, login, name, phase: "pending", needsSignIn: true });
  const store = await Store.open(database, vault, dataKey);
  await store.commit(new Batch().put("account", "me", accountRecord(candidate), { expect: 0 }));
  return store;
}

/** Erases what `prepare` made: this device was never listed. */
export async function abandon(shared: Shared, store: Store): Promise<void> {
  store.close();
  await shared.vault.erase();
}

/**
 * A clear refusal: this device was never listed. Without one (no answer, a proxy's error page, a failure in the middle)
 * the vault stays, and signing in finds out.
 */
export function neverListed(error: unknown): boolean {
  return error instanceof TransportError && !isTransient(error) && error.code !== "bad_answer";
}

/** The server has confirmed the device: its person's chain is pinned, and the vault is active. */
export async function confirmed(
  shared: Shared,
  store: Store,
  candidate: Pick<Candidate, "person" | "statements" | "trust">,
  me: MeAnswer,
): Promise<void> {
  const blind = await store.person(candidate.person);
  const { certificates } = candidate.trust;
  const chain = { person: candidate.person, statements: candidate.statements, certificates, alarm: null };
  await store.commit(
    new Batch().put("chains", blind, chain).put("people", blind, { card: me.person, at: shared.env.now() }),
  );
  const active = { phase: "active" as const, needsSignIn: false, reset: null };
  await shared.vault.change({ ...active, login: me.login, name: me.person.name });
}

function accountRecord(candidate: Candidate): AccountRecord {
  const empty = { latin: "", local: "" };
  const { person, login, device, deviceName, keys, name, trust, kind, expiresAt } = candidate;
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
    kind,
    expiresAt,
    trust,
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
