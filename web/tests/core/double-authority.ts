/** The directory authority of the double: an offline root, and a key that it certifies to sign orders. */

import type { VerifiedOrder } from "../../src/crypto/api";
import { compare, concat, randomBytes, sha256, utf8 } from "../../src/crypto/bytes";
import { encodeSignedStatement, parseStatement } from "../../src/crypto/identity";
import { generateSigningKey, sign } from "../../src/crypto/signing";
import { Writer } from "../../src/crypto/tls";

export interface OrderFields {
  groupId: Uint8Array;
  action: VerifiedOrder["action"];
  person: Uint8Array;
  device: Uint8Array;
  statementHash: Uint8Array;
  expiresAt: number;
  /** Empty for a removal. */
  request: Uint8Array;
}

const ACTIONS = ["remove", "add", "leave"] as const;
const YEAR_MS = 365 * 86_400_000;

interface KeyPair {
  seed: Uint8Array;
  publicKey: Uint8Array;
}

/** What the members of a group are to do, as the contract spells it; written here anew so that two hands agree. */
export const encodeUnsignedOrder = (order: OrderFields): Uint8Array =>
  new Writer()
    .u16(1)
    .fixed(order.groupId, 32)
    .u8(ACTIONS.indexOf(order.action) + 1)
    .fixed(order.person, 16)
    .fixed(order.device, 16)
    .fixed(order.statementHash, 32)
    .u64(order.expiresAt)
    .opaque(order.request).bytes;

export class Authority {
  private constructor(
    private readonly rootKeys: KeyPair,
    private readonly keys: KeyPair,
    readonly certificate: Uint8Array,
    /** Two who may sign a reset, ascending by key. */
    private readonly officers: readonly (KeyPair & { certificate: Uint8Array })[],
  ) {}

  static async create(now: number): Promise<Authority> {
    const [root, keys] = [await generateSigningKey(), await generateSigningKey()];
    const officers = [];
    for (const name of ["First officer", "Second officer"]) {
      const pair = await generateSigningKey();
      officers.push({ ...pair, certificate: await certify(root, pair.publicKey, 2, name, now) });
    }
    officers.sort((a, b) => compare(a.publicKey, b.publicKey));
    return new Authority(
      root,
      keys,
      await certify(root, keys.publicKey, 1, "Directory authority", now),
      officers,
    );
  }

  /** The authority's certificate and the officers'. */
  get certificates(): Uint8Array[] {
    return [this.certificate, ...this.officers.map((officer) => officer.certificate)];
  }

  /** A reset that its person has asked for, with what makes it count: both officers' signatures. */
  async grantReset(asked: Uint8Array): Promise<Uint8Array> {
    const { unsigned, signatures } = parseStatement(asked);
    const granted = [...signatures];
    for (const { seed, publicKey: key } of this.officers)
      granted.push({ signer: "officer", key, signature: await sign(seed, "IdentityStatement", unsigned) });
    return encodeSignedStatement(unsigned, granted);
  }

  get root(): Uint8Array {
    return this.rootKeys.publicKey;
  }

  /** A certificate by the root for another key: purpose 2 makes a reset officer. */
  certify(key: Uint8Array, purpose: 1 | 2, name: string, now: number): Promise<Uint8Array> {
    return certify(this.rootKeys, key, purpose, name, now);
  }

  /** A signed order and the hash that a commit names it by. */
  async order(fields: OrderFields): Promise<{ hash: Uint8Array; body: Uint8Array }> {
    const unsigned = encodeUnsignedOrder(fields);
    const signature = await sign(this.keys.seed, "Order", unsigned);
    const body = new Writer().opaque(unsigned).opaque(this.certificate).fixed(signature, 64).bytes;
    return { hash: await sha256(unsigned), body };
  }

  /** One that a thief without the key would make: everything fits but the signature. */
  async forgedOrder(fields: OrderFields): Promise<{ hash: Uint8Array; body: Uint8Array }> {
    const unsigned = encodeUnsignedOrder(fields);
    const body = new Writer().opaque(unsigned).opaque(this.certificate).fixed(randomBytes(64), 64).bytes;
    return { hash: await sha256(unsigned), body };
  }
}

async function certify(root: KeyPair, key: Uint8Array, purpose: 1 | 2, name: string, now: number) {
  const unsigned = new Writer()
    .u16(1)
    .fixed(root.publicKey, 32)
    .fixed(key, 32)
    .u8(purpose)
    .opaque(utf8(name))
    .u64(now - YEAR_MS)
    .u64(now + 10 * YEAR_MS).bytes;
  return concat(unsigned, await sign(root.seed, "Certificate", unsigned));
}
