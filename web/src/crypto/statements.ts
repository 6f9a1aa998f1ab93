/**
 * Making statements. Private keys stay where they are: the caller passes a function that signs, so that a device key
 * in the worker and a recovery code that is typed once serve alike.
 */

import type { Uuid } from "./api";
import { compare, equal } from "./bytes";
import { type Chain, checkResetRequest, extendChain } from "./chain";
import {
  type DeviceEntry,
  encodeSignedStatement,
  encodeStatement,
  type RevokedEntry,
  type Signer,
  type Statement,
  type StatementSignature,
} from "./identity";
import type { SignLabel } from "./signing";

/** Signs `content` under `label` with the key whose public half stands beside it. */
export interface StatementSigner {
  signer: Exclude<Signer, "officer">;
  key: Uint8Array;
  sign(label: SignLabel, content: Uint8Array): Promise<Uint8Array>;
}

const sorted = <T extends { id: Uuid }>(entries: readonly T[]): T[] =>
  [...entries].sort((a, b) => compare(a.id, b.id));

async function signed(statement: Statement, signers: readonly StatementSigner[]): Promise<Uint8Array> {
  const unsigned = encodeStatement(statement);
  const signatures: StatementSignature[] = [];
  for (const { signer, key, sign } of signers)
    signatures.push({ signer, key, signature: await sign("IdentityStatement", unsigned) });
  return encodeSignedStatement(unsigned, signatures);
}

/** Statement 1 of a person: one device, signed by it and by the recovery key. `at` in milliseconds UTC. */
export function firstStatement(input: {
  person: Uuid;
  device: DeviceEntry;
  at: number;
  deviceSigner: StatementSigner;
  recovery: StatementSigner;
}): Promise<Uint8Array> {
  const statement: Statement = {
    person: input.person,
    version: 1,
    prevHash: new Uint8Array(32),
    recoveryKey: input.recovery.key,
    reset: false,
    devices: [input.device],
    revoked: [],
    at: input.at,
  };
  return signed(statement, [input.deviceSigner, input.recovery]);
}

/** What statement n + 1 changes. */
export interface Change {
  add?: readonly DeviceEntry[];
  /** Ids of devices to revoke. */
  revoke?: readonly Uuid[];
  rename?: { id: Uuid; name: string } | undefined;
  /** A new recovery key; only a recovery signature may set it. */
  recoveryKey?: Uint8Array;
}

/**
 * Statement n + 1 after `chain`: `add` listed, `revoke` moved to the revoked, one device renamed, the rest kept. The
 * result has passed the same verification as everybody else's will: a device adds one device at most, a temporary one
 * may only revoke itself.
 *
 * @throws CryptoError `statement_refused` when the change breaks a rule.
 */
export async function nextStatement(
  input: Change & { chain: Chain; at: number; signer: StatementSigner },
): Promise<Uint8Array> {
  const { chain, add = [], revoke = [], rename, signer } = input;
  const at = Math.max(input.at, chain.at);
  const isRevoked = (entry: DeviceEntry): boolean => revoke.some((id) => equal(id, entry.id));
  const renamed = (entry: DeviceEntry): DeviceEntry =>
    rename !== undefined && equal(rename.id, entry.id) ? { ...entry, name: rename.name } : entry;
  const kept = chain.devices.filter((entry) => !isRevoked(entry)).map(renamed);
  const statement: Statement = {
    ...after(chain, chain.devices.filter(isRevoked), at),
    recoveryKey: input.recoveryKey ?? chain.recoveryKey,
    reset: false,
    devices: sorted([...kept, ...add]),
  };
  const bytes = await signed(statement, [signer]);
  await extendChain(chain, [bytes]);
  return bytes;
}

/**
 * The statement by which a person who has lost everything begins anew: all devices revoked, one new device, a new
 * recovery key. It carries the signatures of both; it counts when two officers have signed it as well.
 *
 * @throws CryptoError `statement_refused` when it breaks a rule.
 */
export async function resetStatement(input: {
  chain: Chain;
  device: DeviceEntry;
  at: number;
  deviceSigner: StatementSigner;
  recovery: StatementSigner;
}): Promise<Uint8Array> {
  const { chain, device } = input;
  const statement: Statement = {
    ...after(chain, chain.devices, Math.max(input.at, chain.at)),
    recoveryKey: input.recovery.key,
    reset: true,
    devices: [device],
  };
  const bytes = await signed(statement, [input.deviceSigner, input.recovery]);
  await checkResetRequest(chain, bytes);
  return bytes;
}

/** What every statement after `chain` says, with `gone` revoked at `at`. */
function after(
  chain: Chain,
  gone: readonly DeviceEntry[],
  at: number,
): Pick<Statement, "person" | "version" | "prevHash" | "revoked" | "at"> {
  const newly: RevokedEntry[] = gone.map(({ id, signatureKey }) => ({ id, signatureKey, revokedAt: at }));
  return {
    person: chain.person,
    version: chain.version + 1,
    prevHash: chain.hash,
    revoked: sorted([...chain.revoked, ...newly]),
    at,
  };
}
