/**
 * Records at rest. A record is MessagePack, sealed with AES-256-GCM under the data key:
 *
 *     AAD   = UTF-8 of `beep record v1`, table and key, each followed by one zero byte
 *     row   = { n: random nonce[12], x: ciphertext ‖ tag[16] }
 *
 * so that a row moved to another key or table does not open. The data key is a CryptoKey that cannot be exported;
 * it is made in the crypto worker, wrapped by the passphrase (vault) and dropped when the app locks. A random 96-bit
 * nonce is good for 2^32 records of one key (NIST SP 800-38D §8.3): far above what one person writes.
 */

import { Decoder, Encoder } from "@msgpack/msgpack";
import { StoreError } from "./errors";

export interface Sealed {
  n: Uint8Array;
  x: Uint8Array;
}

const text = new TextEncoder();
const encoder = new Encoder({ ignoreUndefined: false });
const decoder = new Decoder();

const plain = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => bytes as Uint8Array<ArrayBuffer>;

function associated(table: string, key: string): Uint8Array<ArrayBuffer> {
  return text.encode(`beep record v1\0${table}\0${key}\0`);
}

export async function seal(dataKey: CryptoKey, table: string, key: string, value: unknown): Promise<Sealed> {
  const n = crypto.getRandomValues(new Uint8Array(12));
  const algorithm = { name: "AES-GCM", iv: n, additionalData: associated(table, key) };
  const x = await crypto.subtle.encrypt(algorithm, dataKey, plain(encoder.encode(value)));
  return { n, x: new Uint8Array(x) };
}

/** Throws `StoreError("unreadable")` when the record was altered, moved or sealed under another key. */
export async function unseal(dataKey: CryptoKey, table: string, key: string, row: Sealed): Promise<unknown> {
  const algorithm = { name: "AES-GCM", iv: plain(row.n), additionalData: associated(table, key) };
  try {
    const opened = await crypto.subtle.decrypt(algorithm, dataKey, plain(row.x));
    return decoder.decode(opened);
  } catch (error) {
    throw new StoreError("unreadable", `${table} record does not open`, { cause: error });
  }
}

/** Keyed hashes for row keys: without the key nobody can tell which person or conversation a row is about. */
export class Blinder {
  readonly #known = new Map<string, string>();

  private constructor(private readonly key: CryptoKey) {}

  /** `raw`: 32 random bytes, kept sealed under the data key. */
  static async from(raw: Uint8Array): Promise<Blinder> {
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    return new Blinder(await crypto.subtle.importKey("raw", plain(raw), algorithm, false, ["sign"]));
  }

  /** 24 hexadecimal digits: the first 96 bits of HMAC-SHA-256(key, kind ‖ 0 ‖ id). */
  async blind(kind: "person" | "conversation", id: string): Promise<string> {
    const name = `${kind}\0${id}`;
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const mac = new Uint8Array(await crypto.subtle.sign("HMAC", this.key, text.encode(name)));
    const hex = Array.from(mac.subarray(0, 12), (byte) => byte.toString(16).padStart(2, "0")).join("");
    this.#known.set(name, hex);
    return hex;
  }
}
