/**
 * The TLS presentation language as MLS uses it (RFC 9420 §2.1), read strictly: every byte format of Beep is written
 * in it, here and in `beep/tls.py`.
 *
 * Integers are big-endian. A variable-length vector `<V>` is a length in bytes, then that many bytes; the two highest
 * bits of the length's first byte say how many bytes the length takes (RFC 9420 §2.1.2):
 *
 *     00  1 byte    0 ..         63
 *     01  2 bytes   0 ..     16,383
 *     10  4 bytes   0 .. 2^30 -   1
 *     11  invalid
 *
 * A length must take the fewest bytes that can hold it, so every value has exactly one encoding. `decode` encodes
 * what it read and compares, which catches the day that the reader grows a second spelling.
 */

import { equal } from "./bytes";
import { demand } from "./errors";

const MAX_VECTOR_BYTES = 2 ** 30 - 1;

/** A cursor over bytes. Any failure throws a CryptoError and leaves the reader unusable. */
export class Reader {
  readonly #data: Uint8Array;
  readonly #view: DataView;
  #position = 0;
  #end: number;

  constructor(data: Uint8Array) {
    this.#data = data;
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    this.#end = data.length;
  }

  #take(count: number): number {
    const start = this.#position;
    demand(count <= this.#end - start, "truncated");
    this.#position = start + count;
    return start;
  }

  /** A copy of exactly `count` bytes. */
  fixed(count: number): Uint8Array {
    const start = this.#take(count);
    return this.#data.slice(start, start + count);
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  /** uint64 whose value JavaScript holds exactly; above 2^53 - 1 is `out_of_range`. */
  u64(): number {
    const value = this.#view.getBigUint64(this.#take(8));
    demand(value <= BigInt(Number.MAX_SAFE_INTEGER), "out_of_range");
    return Number(value);
  }

  #length(): number {
    const first = this.u8();
    const prefix = first >> 6;
    demand(prefix !== 3, "length_invalid");
    if (prefix === 0) return first;
    const low = first & 0x3f;
    const length =
      prefix === 1 ? low * 0x100 + this.u8() : low * 0x1000000 + this.u8() * 0x10000 + this.u16();
    demand(length >= (prefix === 1 ? 1 << 6 : 1 << 14), "length_not_minimal");
    return length;
  }

  /** `opaque value<V>`. */
  opaque(): Uint8Array {
    return this.fixed(this.#length());
  }

  /** `T values<V>`: `read` until the vector's bytes are used up exactly. Each element takes at least one byte. */
  vector<T>(read: (reader: Reader) => T): T[] {
    const length = this.#length();
    demand(length <= this.#end - this.#position, "truncated");
    const outerEnd = this.#end;
    this.#end = this.#position + length;
    const values: T[] = [];
    while (this.#position < this.#end) values.push(read(this));
    this.#end = outerEnd;
    return values;
  }

  /** What is left, without moving. */
  get rest(): Uint8Array {
    return this.#data.subarray(this.#position, this.#end);
  }

  /** The structure has ended: anything left is `trailing_bytes`. */
  finish(): void {
    demand(this.#position === this.#end, "trailing_bytes");
  }
}

/** Builds one encoding. Values out of range are `out_of_range`: structures come in typed, numbers do not. */
export class Writer {
  #buffer = new Uint8Array(256);
  #length = 0;

  #reserve(count: number): DataView {
    const needed = this.#length + count;
    if (needed > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
      larger.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = larger;
    }
    const area = new DataView(this.#buffer.buffer, this.#length, count);
    this.#length = needed;
    return area;
  }

  /** A copy of what was written so far. */
  get bytes(): Uint8Array {
    return this.#buffer.slice(0, this.#length);
  }

  /** The bytes as they are; with `length`, exactly that many. */
  fixed(value: Uint8Array, length = value.length): this {
    demand(value.length === length, "out_of_range");
    this.#reserve(length);
    this.#buffer.set(value, this.#length - length);
    return this;
  }

  u8(value: number): this {
    this.#reserve(1).setUint8(0, unsigned(value, 0xff));
    return this;
  }

  u16(value: number): this {
    this.#reserve(2).setUint16(0, unsigned(value, 0xffff));
    return this;
  }

  u32(value: number): this {
    this.#reserve(4).setUint32(0, unsigned(value, 0xffffffff));
    return this;
  }

  u64(value: number): this {
    this.#reserve(8).setBigUint64(0, BigInt(unsigned(value, Number.MAX_SAFE_INTEGER)));
    return this;
  }

  /** `opaque value<V>` with the shortest length. */
  opaque(value: Uint8Array): this {
    const length = unsigned(value.length, MAX_VECTOR_BYTES);
    if (length < 1 << 6) this.u8(length);
    else if (length < 1 << 14) this.u16(length | 0x4000);
    else this.u32(length + 0x80000000);
    return this.fixed(value);
  }

  /** `T values<V>`, each written by `write`. */
  vector<T>(values: readonly T[], write: (writer: Writer, value: T) => void): this {
    const inner = new Writer();
    for (const value of values) write(inner, value);
    return this.opaque(inner.bytes);
  }
}

function unsigned(value: number, max: number): number {
  demand(Number.isInteger(value) && value >= 0 && value <= max, "out_of_range");
  return value;
}

/**
 * The value whose whole encoding is `data`.
 *
 * @throws CryptoError when bytes are missing, left over, not canonical or outside their choices.
 */
export function decode<T>(
  data: Uint8Array,
  read: (reader: Reader) => T,
  encode: (value: T) => Uint8Array,
): T {
  const reader = new Reader(data);
  const value = read(reader);
  reader.finish();
  demand(equal(encode(value), data), "not_canonical");
  return value;
}
