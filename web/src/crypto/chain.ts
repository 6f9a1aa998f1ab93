/**
 * The rules of an identity chain: statement n + 1 names n by its hash and is signed by a device that n lists, or by
 * n's recovery key, which alone can replace itself; or it is a reset, which two officers under the pinned root have
 * signed. Clients verify from the first statement on and pin the highest version that they saw, so that the server can
 * neither add a device nor hide a revocation later. The twin of `accounts/identity.py`.
 */

import type { RosterDevice, Uuid } from "./api";
import { compare, equal, isZero, toHex } from "./bytes";
import { validKeys } from "./certificates";
import { CryptoError, demand } from "./errors";
import {
  type DeviceEntry,
  parseStatement,
  type RevokedEntry,
  type SignedStatement,
  type Statement,
  statementHash,
} from "./identity";
import { verify } from "./signing";

/** Names of the rules in `detail.rule` of `statement_refused`; the server's refusals use the same. */
export type StatementRule =
  | "person"
  | "first_shape"
  | "prev_hash"
  | "version"
  | "at"
  | "signer"
  | "recovery_key"
  | "revoked_changed"
  | "device_dropped"
  | "device_changed"
  | "device_returned"
  | "too_many_devices"
  | "signature"
  | "reset_shape"
  | "reset_officers"
  | "one_addition"
  | "temporary_signer"
  | "temporary_too_long";

/** By whom a reader is vouched for: the root pinned at first contact, and certificates that anybody may have given. */
export interface Trust {
  root: Uint8Array | null;
  certificates: readonly Uint8Array[];
}

const NO_TRUST: Trust = { root: null, certificates: [] };

/** What a client remembers of a chain across sessions. */
export interface Pin {
  version: number;
  hash: Uint8Array;
}

/** A verified chain, as plain data that may be stored and sent to the worker. */
export interface Chain extends Pin {
  person: Uuid;
  recoveryKey: Uint8Array;
  devices: DeviceEntry[];
  revoked: RevokedEntry[];
  /** Milliseconds UTC of the last statement. */
  at: number;
  /** Hash of the latest statement 1 or reset: membership and the safety number go by it. */
  base: Uint8Array;
  /** Hashes of statement 1 and of every reset, oldest first; the last is `base`. */
  bases: Uint8Array[];
  /** The hash of every statement: an order names one of them. */
  statementHashes: Uint8Array[];
  /** Every device that any statement listed: the roster that may stand in an MLS tree. */
  everListed: RosterDevice[];
}

const MAX_REGULAR_DEVICES = 5;
/** Living ones; what has expired stays listed until somebody revokes it. */
const MAX_TEMPORARY_DEVICES = 3;
/** The longest that a temporary device may live, in milliseconds. */
export const TEMPORARY_LIFETIME = 24 * 60 * 60 * 1000;
const RESET_OFFICERS = 2;

/** Throws `statement_refused` with the rule unless `condition` holds. */
function rule(condition: boolean, name: StatementRule, version: number): asserts condition {
  if (!condition) throw new CryptoError("statement_refused", { rule: name, version });
}

/**
 * Verifies a whole chain, first statement first. Without `trust` every reset is refused.
 *
 * @throws CryptoError `statement_refused` with `detail.rule`; `chain_empty`; `chain_rolled_back` when it ends before
 *   the pinned version; `chain_forked` when it passes the pinned version with another hash; a parsing code.
 */
export async function verifyChain(
  statements: readonly Uint8Array[],
  expected: { person: Uuid; pinned?: Pin | undefined; trust?: Trust | undefined },
): Promise<Chain> {
  let chain: Chain | undefined;
  let atPin: Uint8Array | undefined;
  for (const bytes of statements) {
    const signed = parseStatement(bytes);
    rule(equal(signed.statement.person, expected.person), "person", signed.statement.version);
    chain =
      chain === undefined ? await openChain(signed) : await appendStatement(chain, signed, expected.trust);
    if (chain.version === expected.pinned?.version) atPin = chain.hash;
  }
  if (chain === undefined) throw new CryptoError("chain_empty");
  if (expected.pinned !== undefined) {
    demand(chain.version >= expected.pinned.version, "chain_rolled_back");
    demand(atPin !== undefined && equal(atPin, expected.pinned.hash), "chain_forked");
  }
  return chain;
}

/** Verifies statements that follow an already verified chain. Throws as `verifyChain`. */
export async function extendChain(
  chain: Chain,
  statements: readonly Uint8Array[],
  trust?: Trust,
): Promise<Chain> {
  let extended = chain;
  for (const bytes of statements) extended = await appendStatement(extended, parseStatement(bytes), trust);
  return extended;
}

/** Statement 1: one regular device, nothing revoked, signed by that device and by the recovery key, in this order. */
async function openChain(signed: SignedStatement): Promise<Chain> {
  const { statement, signatures } = signed;
  const { version, devices, revoked, reset } = statement;
  rule(version === 1, "version", version);
  rule(isZero(statement.prevHash), "prev_hash", version);
  const [device] = devices;
  const shaped = !reset && devices.length === 1 && device?.kind === "regular" && revoked.length === 0;
  rule(shaped, "first_shape", version);
  rule(signatures.length === 2 && byDeviceAndRecovery(signed), "signer", version);
  await checkSignatures(signed);
  const hash = await statementHash(signed.unsigned);
  return summary(statement, hash, { base: hash, bases: [hash], statementHashes: [], everListed: [] });
}

/** Signed first by the one device that the statement lists, then by the recovery key that it names. */
function byDeviceAndRecovery({ statement, signatures }: SignedStatement): boolean {
  const [device] = statement.devices;
  const [byDevice, byRecovery] = signatures;
  return (
    byDevice?.signer === "device" &&
    device !== undefined &&
    equal(byDevice.key, device.signatureKey) &&
    byRecovery?.signer === "recovery" &&
    equal(byRecovery.key, statement.recoveryKey)
  );
}

/** Statement n + 1. The order of the checks is the server's: several broken rules are refused with the same one. */
async function appendStatement(
  chain: Chain,
  signed: SignedStatement,
  trust: Trust = NO_TRUST,
): Promise<Chain> {
  const { statement, signatures } = signed;
  const { version } = statement;
  if (statement.reset) {
    const officers = await validKeys(trust.certificates, {
      root: trust.root,
      purpose: "officer",
      at: statement.at,
    });
    await checkReset(chain, signed, officers);
    return summary(statement, await statementHash(signed.unsigned), chain);
  }
  checkSuccession(chain, statement);
  const [signature] = signatures;
  rule(signatures.length === 1 && signature !== undefined, "signer", version);
  rule(maySign(chain, signature, statement.at), "signer", version);
  await checkSignatures(signed);
  const byDevice = signature.signer === "device";
  rule(equal(statement.recoveryKey, chain.recoveryKey) || !byDevice, "recovery_key", version);
  if (byDevice) checkTemporarySigner(chain, statement, signature.key);
  checkDevices(chain, statement);
  checkAdditions(chain, statement, byDevice);
  return summary(statement, await statementHash(signed.unsigned), chain);
}

function checkSuccession(chain: Chain, statement: Statement): void {
  const { version } = statement;
  rule(equal(statement.person, chain.person), "person", version);
  rule(version === chain.version + 1, "version", version);
  rule(equal(statement.prevHash, chain.hash), "prev_hash", version);
  rule(statement.at >= chain.at, "at", version);
}

/**
 * A reset: one new regular device and nothing else, everything before revoked, another recovery key; signed by that
 * device, by that recovery key and by two of `officers`. Null: the officers have not signed yet.
 */
async function checkReset(
  chain: Chain,
  signed: SignedStatement,
  officers: readonly Uint8Array[] | null,
): Promise<void> {
  const { statement, signatures } = signed;
  const { version, devices, revoked } = statement;
  checkSuccession(chain, statement);
  const allGone = chain.devices.every((entry) => revoked.some(({ id }) => equal(id, entry.id)));
  const otherKey = !equal(statement.recoveryKey, chain.recoveryKey);
  const alone = devices.length === 1 && devices[0]?.kind === "regular";
  rule(statement.reset && alone && allGone && otherKey, "reset_shape", version);
  rule(byDeviceAndRecovery(signed), "signer", version);
  const theirs = signatures.slice(2);
  const byOfficers = theirs.every(({ signer }) => signer === "officer");
  rule(byOfficers && theirs.length === (officers === null ? 0 : RESET_OFFICERS), "reset_officers", version);
  theirs.forEach(({ key }, i) => {
    const previous = theirs[i - 1];
    // Ascending, so that one reset has one spelling and no officer signs twice.
    const ascending = previous === undefined || compare(previous.key, key) < 0;
    const certified = officers?.some((officer) => equal(officer, key)) === true;
    rule(ascending && certified, "reset_officers", version);
  });
  await checkSignatures(signed);
  checkDevices(chain, statement);
}

/**
 * Verifies a reset that this device asks for, before the officers have signed it.
 *
 * @throws CryptoError `statement_refused`; rule `reset_shape` when it is no reset.
 */
export const checkResetRequest = (chain: Chain, statement: Uint8Array): Promise<void> =>
  checkReset(chain, parseStatement(statement), null);

/** A temporary device does nothing but revoke itself: what a shared computer leaves behind must not be worth having. */
function checkTemporarySigner(chain: Chain, { version, devices, revoked }: Statement, key: Uint8Array): void {
  const signer = chain.devices.find((entry) => equal(entry.signatureKey, key));
  if (signer?.kind !== "temporary") return;
  const stay = chain.devices.filter((entry) => entry !== signer);
  const same = devices.length === stay.length && devices.every((entry, i) => sameEntry(entry, stay[i]));
  const out = revoked.filter(({ id }) => !chain.revoked.some((gone) => equal(gone.id, id)));
  const [gone] = out;
  const itself = out.length === 1 && gone !== undefined && equal(gone.id, signer.id);
  rule(same && itself, "temporary_signer", version);
}

const sameEntry = (a: DeviceEntry, b: DeviceEntry | undefined): boolean =>
  b !== undefined &&
  equal(a.id, b.id) &&
  a.name === b.name &&
  a.kind === b.kind &&
  sameKey(a, b) &&
  a.addedAt === b.addedAt &&
  a.expiresAt === b.expiresAt;

/** How many may come, for how long, and how many there may be. */
function checkAdditions(chain: Chain, { version, devices, at }: Statement, byDevice: boolean): void {
  const added = devices.filter(({ id }) => !chain.devices.some((entry) => equal(entry.id, id)));
  rule(added.length <= 1 || !byDevice, "one_addition", version);
  for (const { kind, addedAt, expiresAt } of added) {
    if (kind === "regular") continue;
    // By both times: neither a device's entry nor the statement alone may lie in the future.
    const latest = Math.min(addedAt, at) + TEMPORARY_LIFETIME;
    rule(expiresAt !== null && expiresAt <= latest, "temporary_too_long", version);
  }
  const regular = devices.filter(({ kind }) => kind === "regular").length;
  rule(regular <= MAX_REGULAR_DEVICES, "too_many_devices", version);
  const temporary = devices.filter(
    ({ kind, expiresAt }) => kind === "temporary" && (expiresAt === null || at < expiresAt),
  ).length;
  rule(temporary <= MAX_TEMPORARY_DEVICES, "too_many_devices", version);
}

/** A device that the statement before lists and that has not expired at `at`, or its recovery key. */
function maySign(chain: Chain, { signer, key }: { signer: string; key: Uint8Array }, at: number): boolean {
  if (signer === "recovery") return equal(key, chain.recoveryKey);
  if (signer !== "device") return false;
  const device = chain.devices.find((entry) => equal(entry.signatureKey, key));
  return device !== undefined && (device.expiresAt === null || at < device.expiresAt);
}

/** Nothing leaves quietly, nothing comes back, nothing changes but a name. */
function checkDevices(chain: Chain, { version, devices, revoked }: Statement): void {
  const byId = <T extends { id: Uuid }>(entries: readonly T[], { id }: { id: Uuid }): T | undefined =>
    entries.find((entry) => equal(entry.id, id));
  for (const entry of devices) {
    const back = chain.revoked.some((gone) => equal(gone.id, entry.id) || sameKey(gone, entry));
    rule(!back, "device_returned", version);
  }
  for (const entry of chain.revoked) {
    const now = byId(revoked, entry);
    const kept = now !== undefined && sameKey(now, entry) && now.revokedAt === entry.revokedAt;
    rule(kept, "revoked_changed", version);
  }
  for (const entry of revoked) {
    if (byId(chain.revoked, entry) !== undefined) continue;
    // What is newly revoked was listed until now, under this key.
    const before = byId(chain.devices, entry);
    rule(before !== undefined && sameKey(before, entry), "revoked_changed", version);
  }
  for (const entry of chain.devices) {
    const stays = byId(devices, entry) !== undefined || byId(revoked, entry) !== undefined;
    rule(stays, "device_dropped", version);
  }
  for (const entry of chain.devices) {
    const now = byId(devices, entry);
    if (now === undefined) continue;
    const times = now.addedAt === entry.addedAt && now.expiresAt === entry.expiresAt;
    rule(now.kind === entry.kind && sameKey(now, entry) && times, "device_changed", version);
  }
}

const sameKey = (a: { signatureKey: Uint8Array }, b: { signatureKey: Uint8Array }): boolean =>
  equal(a.signatureKey, b.signatureKey);

async function checkSignatures({ statement, signatures, unsigned }: SignedStatement): Promise<void> {
  for (const { key, signature } of signatures)
    rule(await verify(key, "IdentityStatement", unsigned, signature), "signature", statement.version);
}

/** The roster after `statement`: newly listed devices added under `base`, revocations noted. */
function listed(statement: Statement, before: readonly RosterDevice[], base: Uint8Array): RosterDevice[] {
  const { person } = statement;
  const roster = new Map(before.map((entry) => [toHex(entry.device), entry]));
  for (const { id, signatureKey, expiresAt } of statement.devices) {
    if (roster.has(toHex(id))) continue; // only a name can have changed
    roster.set(toHex(id), { person, device: id, signatureKey, base, revokedAt: null, expiresAt });
  }
  for (const { id, revokedAt } of statement.revoked) {
    const entry = roster.get(toHex(id));
    if (entry !== undefined) roster.set(toHex(id), { ...entry, revokedAt });
  }
  return [...roster.values()];
}

function summary(
  statement: Statement,
  hash: Uint8Array,
  before: Pick<Chain, "base" | "bases" | "statementHashes" | "everListed">,
): Chain {
  const { person, version, recoveryKey, devices, revoked, at, reset } = statement;
  const base = reset ? hash : before.base;
  return {
    ...{ person, version, hash, recoveryKey, devices, revoked, at, base },
    bases: reset ? [...before.bases, hash] : before.bases,
    statementHashes: [...before.statementHashes, hash],
    everListed: listed(statement, before.everListed, base),
  };
}
