/**
 * The double's key log: built from its definition, word for word and slowly, so that the client's verification meets a
 * second implementation. It lies where a test tells it to.
 */

import type { Id } from "../../src/core/api";
import { idBytes, idText } from "../../src/core/ids";
import { equal, utf8 } from "../../src/crypto/bytes";
import { parseStatement, statementHash } from "../../src/crypto/identity";
import { encodeEpoch } from "../../src/crypto/transparency/epoch";
import { encodeMapProof, type MapProof } from "../../src/crypto/transparency/map";
import { TransportError } from "../../src/transport";
import {
  consistency,
  cosigned,
  inclusion,
  leafOf,
  type LogKey,
  logKey,
  of,
  policyOf,
  sha,
  treeRoot,
  witnessKeys,
} from "../crypto/log-kit";
import type { ServerDouble } from "./double";

const EMPTY = new Uint8Array(32);
const ORIGIN = "beep.example/keys";

const b64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
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
    private readonly log: LogKey,
    private readonly witnesses: readonly LogKey[],
    private readonly epochs: Epoch[],
  ) {}

  static async create(server: Pick<ServerDouble, "chains" | "now">): Promise<KeyLogDouble> {
    return new KeyLogDouble(server, await logKey(ORIGIN), await witnessKeys(), []);
  }

  /** The same log up to here, which goes its own way from now on: what a server tells somebody else. */
  fork(): KeyLogDouble {
    return new KeyLogDouble(this.server, this.log, this.witnesses, [...this.epochs]);
  }

  get policy(): string {
    return policyOf(this.log, this.witnesses);
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

  #checkpoint(): Promise<string> {
    const tree = { size: this.size, root: treeRoot(this.#leaves()) };
    const awake = this.witnesses.slice(0, this.awake);
    return cosigned(this.log, awake, tree, this.server.now() - this.behind);
  }

  #leaves(): Uint8Array[] {
    return this.epochs.slice(0, this.size).map(({ leaf }) => leafOf(leaf));
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
