/**
 * The double's key log: built from its definition, word for word and slowly, so that the client's verification meets a
 * second implementation. It lies where a test tells it to.
 */

import { createHash } from "node:crypto";
import type { Id } from "../../src/core/api";
import { idBytes, idText } from "../../src/core/ids";
import { concat, equal, toHex, utf8 } from "../../src/crypto/bytes";
import { parseStatement, statementHash } from "../../src/crypto/identity";
import { generateSigningKey, signRaw } from "../../src/crypto/signing";
import { encodeEpoch } from "../../src/crypto/transparency/epoch";
import { encodeMapProof, type MapProof } from "../../src/crypto/transparency/map";
import { TransportError } from "../../src/transport";
import type { ServerDouble } from "./double";

const EMPTY = new Uint8Array(32);
const ORIGIN = "beep.example/keys";

const sha = (...parts: Uint8Array[]): Uint8Array =>
  new Uint8Array(
    createHash("sha256")
      .update(concat(...parts))
      .digest(),
  );
const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const b64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
const of = (byte: number): Uint8Array => Uint8Array.of(byte);
const bit = (index: Uint8Array, depth: number): number => ((index[depth >> 3] ?? 0) >> (7 - (depth & 7))) & 1;

interface Entry {
  index: Uint8Array;
  value: Uint8Array;
}

function mapRoot(entries: readonly Entry[], depth = 0): Uint8Array {
  const [first] = entries;
  if (!first) return EMPTY;
  if (entries.length === 1) return sha(of(2), first.index, first.value);
  const side = (which: number) => entries.filter(({ index }) => bit(index, depth) === which);
  return sha(of(3), mapRoot(side(0), depth + 1), mapRoot(side(1), depth + 1));
}

function mapProof(
  entries: readonly Entry[],
  wanted: Uint8Array,
  depth = 0,
  copath: Uint8Array[] = [],
): MapProof {
  const [first] = entries;
  if (!first) return { copath, end: { kind: "empty" } };
  if (entries.length === 1) {
    const { index, value } = first;
    return { copath, end: equal(index, wanted) ? { kind: "own", value } : { kind: "other", index, value } };
  }
  const own = bit(wanted, depth);
  const side = (which: number) => entries.filter(({ index }) => bit(index, depth) === which);
  return mapProof(side(own), wanted, depth + 1, [...copath, mapRoot(side(1 - own), depth + 1)]);
}

/** The largest power of two below n. */
const split = (n: number): number => 2 ** (Math.ceil(Math.log2(n)) - 1);

function treeRoot(leaves: readonly Uint8Array[]): Uint8Array {
  const [first] = leaves;
  if (!first) return sha(new Uint8Array());
  if (leaves.length === 1) return first;
  const k = split(leaves.length);
  return sha(of(1), treeRoot(leaves.slice(0, k)), treeRoot(leaves.slice(k)));
}

function inclusion(index: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  if (leaves.length <= 1) return [];
  const k = split(leaves.length);
  return index < k
    ? [...inclusion(index, leaves.slice(0, k)), treeRoot(leaves.slice(k))]
    : [...inclusion(index - k, leaves.slice(k)), treeRoot(leaves.slice(0, k))];
}

function consistency(size: number, leaves: readonly Uint8Array[], whole = true): Uint8Array[] {
  if (size === leaves.length) return whole ? [] : [treeRoot(leaves)];
  const k = split(leaves.length);
  return size <= k
    ? [...consistency(size, leaves.slice(0, k), whole), treeRoot(leaves.slice(k))]
    : [...consistency(size - k, leaves.slice(k), false), treeRoot(leaves.slice(0, k))];
}

interface Key {
  name: string;
  kind: number;
  seed: Uint8Array;
  publicKey: Uint8Array;
}

const idOf = ({ name, kind, publicKey }: Key): Uint8Array =>
  sha(utf8(`${name}\n`), of(kind), publicKey).slice(0, 4);
const verifierOf = (key: Key): string =>
  `${key.name}+${toHex(idOf(key))}+${b64(concat(of(key.kind), key.publicKey))}`;
const made = async (name: string, kind: number): Promise<Key> => ({
  name,
  kind,
  ...(await generateSigningKey()),
});

interface Epoch {
  leaf: Uint8Array;
  entries: readonly Entry[];
  time: number;
}

/** What a device is shown of a key log. */
export interface KeyLogShown {
  readonly policy: string;
  /** Answers what begins with `transparency/`. Throws `TransportError`. */
  answer(path: string, query: URLSearchParams, body: Record<string, unknown>): Promise<unknown>;
}

export class KeyLogDouble implements KeyLogShown {
  /** Witnesses that still answer. */
  awake = 3;
  /** By how much the witnesses' clocks are behind, in milliseconds. */
  behind = 0;
  /** While set, nothing new is published. */
  silent = false;
  /** Epochs beyond this number are kept from who asks. */
  shown = Number.POSITIVE_INFINITY;
  /** While set, nobody gets a proof that one checkpoint continues another. */
  withholding = false;
  asked = 0;

  private constructor(
    private readonly server: Pick<ServerDouble, "chains" | "now">,
    private readonly log: Key,
    private readonly witnesses: readonly Key[],
    private readonly epochs: Epoch[],
  ) {}

  static async create(server: Pick<ServerDouble, "chains" | "now">): Promise<KeyLogDouble> {
    const witnesses = [1, 2, 3].map((n) => made(`witness.example/${String(n)}`, 4));
    return new KeyLogDouble(server, await made(ORIGIN, 1), await Promise.all(witnesses), []);
  }

  /** The same log up to here, which goes its own way from now on: what a server tells somebody else. */
  fork(): KeyLogDouble {
    return new KeyLogDouble(this.server, this.log, this.witnesses, [...this.epochs]);
  }

  get policy(): string {
    const names = this.witnesses.map((_, i) => `w${String(i + 1)}`);
    const lines = this.witnesses.map((key, i) => `witness w${String(i + 1)} ${verifierOf(key)}`);
    return [
      `log ${verifierOf(this.log)}`,
      ...lines,
      `group most 2 ${names.join(" ")}`,
      "quorum most",
      "",
    ].join("\n");
  }

  get size(): number {
    return Math.min(this.epochs.length, this.shown);
  }

  /** What the chains say now, and `lies` instead where there is one. */
  async publish(lies: ReadonlyMap<Id, Uint8Array> = new Map()): Promise<void> {
    const entries: Entry[] = [];
    for (const [person, statements] of this.server.chains) {
      const last = statements.at(-1);
      if (!last) continue;
      const value = lies.get(person) ?? (await statementHash(parseStatement(last).unsigned));
      entries.push({ index: sha(idBytes(person)), value });
    }
    const previous = this.epochs.at(-1);
    const time = this.server.now();
    const leaf = encodeEpoch({
      epoch: this.epochs.length,
      time,
      prevMapRoot: previous ? mapRoot(previous.entries) : EMPTY,
      mapRoot: mapRoot(entries),
      changesHash: sha(utf8(String(this.epochs.length)), mapRoot(entries)),
    });
    this.epochs.push({ leaf, entries, time });
  }

  async #checkpoint(): Promise<string> {
    const root = treeRoot(this.#leaves());
    const text = `${ORIGIN}\n${String(this.size)}\n${b64(root)}\n`;
    const line = ({ name }: Key, value: Uint8Array) => `— ${name} ${b64(value)}\n`;
    let note = `${text}\n${line(this.log, concat(idOf(this.log), await signRaw(this.log.seed, utf8(text))))}`;
    const seconds = Math.floor((this.server.now() - this.behind) / 1000);
    for (const witness of this.witnesses.slice(0, this.awake)) {
      const time = new Uint8Array(8);
      new DataView(time.buffer).setBigUint64(0, BigInt(seconds));
      const signed = utf8(`cosignature/v1\ntime ${String(seconds)}\n${text}`);
      note += line(witness, concat(idOf(witness), time, await signRaw(witness.seed, signed)));
    }
    return note;
  }

  #leaves(): Uint8Array[] {
    return this.epochs.slice(0, this.size).map(({ leaf }) => sha(of(0), leaf));
  }

  async answer(path: string, query: URLSearchParams, body: Record<string, unknown>): Promise<unknown> {
    this.asked += 1;
    if (path === "transparency/consistency") {
      if (this.withholding) throw new TransportError("busy");
      const [first, second] = [Number(query.get("first")), Number(query.get("second"))];
      if (!(first > 0 && first <= second && second <= this.size)) throw new TransportError("range_refused");
      return { proof: consistency(first, this.#leaves().slice(0, second)).map(b64url) };
    }
    if (!this.silent) await this.publish();
    const last = this.epochs[this.size - 1];
    if (!last) throw new TransportError("not_found");
    const leaves = this.#leaves();
    const pinned = Number(body["pinned"]);
    const people = body["people"] as { person: Id }[];
    return {
      checkpoint: await this.#checkpoint(),
      consistency: pinned > 0 && pinned <= this.size ? consistency(pinned, leaves).map(b64url) : [],
      epoch: b64url(last.leaf),
      inclusion: inclusion(this.size - 1, leaves).map(b64url),
      people: people.map(({ person }) => ({
        person: idText(idBytes(person)),
        proof: b64url(encodeMapProof(mapProof(last.entries, sha(idBytes(person))))),
        statements: [],
      })),
    };
  }
}
