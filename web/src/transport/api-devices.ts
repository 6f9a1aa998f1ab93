import * as v from "valibot";
import { toBase64Url } from "./base64url";
import type { Http } from "./http";
import { bytes, count, parser, shapes, time, uuid } from "./shapes";

const read = {
  me: parser(shapes.me),
  devices: parser(shapes.devices),
  nothing: parser(shapes.nothing),
  people: parser(v.object({ people: v.array(shapes.personCard) })),
  trust: parser(
    v.object({
      root: v.nullable(bytes),
      certificates: v.array(bytes),
      // A server of before there was one does not speak of it.
      key_log: v.optional(v.nullable(v.string()), null),
    }),
  ),
  keyAnswer: parser(
    v.object({
      checkpoint: v.string(),
      consistency: v.array(bytes),
      epoch: bytes,
      inclusion: v.array(bytes),
      people: v.array(v.object({ person: uuid, proof: bytes })),
    }),
  ),
  keyConsistency: parser(v.object({ proof: v.array(bytes) })),
  pairing: parser(v.object({ pairing: uuid, expires_at: time })),
  pairings: parser(
    v.object({
      pairings: v.array(v.object({ id: uuid, kind: v.picklist(["regular", "temporary"]), created_at: time })),
    }),
  ),
  posted: parser(v.object({ seq: count })),
  relayed: parser(
    v.object({
      messages: v.array(v.object({ seq: count, side: v.picklist(["new", "old"]), body: bytes })),
      state: v.picklist(["open", "approved", "dead"]),
    }),
  ),
  chunks: parser(v.object({ chunks: v.array(count), last: v.nullable(count) })),
  chunk: parser(v.object({ chunk: bytes })),
  resetOffer: parser(
    v.object({
      person: shapes.personCard,
      login: v.string(),
      chain: v.array(bytes),
      totp_secret: v.string(),
      totp_uri: v.string(),
    }),
  ),
  resetRequested: parser(v.object({ ticket: v.string(), earliest: time })),
  resetStatus: parser(
    v.object({
      state: v.picklist(["waiting", "signed", "ready", "dropped"]),
      officers: count,
      earliest: time,
    }),
  ),
  announced: parser(
    v.object({ resets: v.array(v.object({ person: uuid, asked_at: time, earliest: time })) }),
  ),
  ledger: parser(
    v.object({
      rows: v.array(
        v.object({
          leaf: count,
          at: time,
          action: v.string(),
          by: v.nullable(shapes.personCard),
          system: v.nullable(v.string()),
          outcome: v.picklist(["done", "refused"]),
          error: v.nullable(v.string()),
        }),
      ),
      next: v.nullable(v.string()),
    }),
  ),
  ledgerEvidence: parser(
    v.object({
      index: count,
      body: bytes,
      proof: v.array(bytes),
      checkpoint: v.string(),
      policy: v.string(),
    }),
  ),
  envelope: parser(
    v.object({
      seq: count,
      generation: count,
      epoch: count,
      kind: count,
      device: uuid,
      counter: count,
      time,
      body: bytes,
      hash: bytes,
    }),
  ),
};

const b = toBase64Url;

/** Devices of one's own, trust, resets and moderation. Every promise may reject with `TransportError`. */
export class DeviceApi {
  constructor(protected readonly http: Http) {}

  /** The directory's offline root and what it certifies; needs no session. */
  trust() {
    return this.http.get("trust", read.trust);
  }

  /** Proofs about at most 100 people under the key log's newest checkpoint; `pinned` is the size that is kept here. */
  keyLookUp(pinned: number, people: readonly string[]) {
    const wanted = people.map((person) => ({ person, after: null }));
    return this.http.post("transparency/lookup", { pinned, people: wanted }, read.keyAnswer);
  }

  /** That the key log's first epochs stayed what they were. */
  async keyConsistency(first: number, second: number) {
    const query = `first=${String(first)}&second=${String(second)}`;
    return (await this.http.get(`transparency/consistency?${query}`, read.keyConsistency)).proof;
  }

  /** `ticket` is a sign-in's that ended in "replace". */
  openPairing(ticket: string, kind: "regular" | "temporary") {
    return this.http.post("pairings", { ticket, kind }, read.pairing);
  }

  async pairings() {
    return (await this.http.get("pairings", read.pairings)).pairings;
  }

  /** `ticket`: the new device's; null for the approving one, which has a session. At most 8,192 bytes. */
  postToPairing(pairing: string, ticket: string | null, body: Uint8Array) {
    return this.http.post(`pairings/${pairing}/messages`, { ticket, body: b(body) }, read.posted);
  }

  readPairing(pairing: string, ticket: string | null, after: number) {
    return this.http.post(`pairings/${pairing}/read`, { ticket, after }, read.relayed);
  }

  approvePairing(pairing: string, statement: Uint8Array) {
    return this.http.post(`pairings/${pairing}/approve`, { statement: b(statement) }, read.devices);
  }

  async failPairing(pairing: string): Promise<void> {
    await this.http.post(`pairings/${pairing}/fail`, {}, read.nothing);
  }

  finishPairing(pairing: string, ticket: string, signature: Uint8Array) {
    const body = { ticket, device_signature: b(signature) };
    return this.http.post(`pairings/${pairing}/finish`, body, read.me);
  }

  async putHistory(pairing: string, index: number, chunk: Uint8Array, last: boolean): Promise<void> {
    const path = `history/${pairing}/${String(index)}`;
    await this.http.post(path, { chunk: b(chunk), last }, read.nothing);
  }

  /** Which chunks the server has; `last` is the index of the last one once that has come. */
  history(pairing: string) {
    return this.http.get(`history/${pairing}`, read.chunks);
  }

  async historyChunk(pairing: string, index: number): Promise<Uint8Array> {
    return (await this.http.get(`history/${pairing}/${String(index)}`, read.chunk)).chunk;
  }

  async endHistory(pairing: string): Promise<void> {
    await this.http.post(`history/${pairing}/done`, {}, read.nothing);
  }

  renameDevice(statement: Uint8Array) {
    return this.http.post("devices/rename", { statement: b(statement) }, read.devices);
  }

  renewIdentity(statement: Uint8Array) {
    return this.http.post("devices/renew", { statement: b(statement) }, read.devices);
  }

  /** Leaves even while the page goes away; nobody waits for the answer. */
  revokeOnClosing(statement: Uint8Array): Promise<unknown> {
    return this.http.post("devices/revoke", { statement: b(statement) }, read.devices, { keepalive: true });
  }

  beginReset(code: string, personnelNumber: string) {
    return this.http.post("reset/begin", { code, personnel_number: personnelNumber }, read.resetOffer);
  }

  requestReset(input: {
    code: string;
    personnelNumber: string;
    salt: Uint8Array;
    signInSecret: Uint8Array;
    totp: string;
    statement: Uint8Array;
  }) {
    const body = {
      code: input.code,
      personnel_number: input.personnelNumber,
      salt: b(input.salt),
      signin_secret: b(input.signInSecret),
      totp: input.totp,
      statement: b(input.statement),
    };
    return this.http.post("reset/request", body, read.resetRequested);
  }

  resetStatus(ticket: string) {
    return this.http.post("reset/status", { ticket }, read.resetStatus);
  }

  finishReset(ticket: string, signature: Uint8Array) {
    return this.http.post("reset/finish", { ticket, device_signature: b(signature) }, read.me);
  }

  /** Resets that can still be stopped: one's own, and of whom one shares a conversation with. */
  async announcedResets() {
    const { resets } = await this.http.get("resets", read.announced);
    return resets.map(({ person, asked_at: askedAt, earliest }) => ({ person, askedAt, earliest }));
  }

  /** `statement` changes nothing: the chain grows, and that is all. */
  async stopReset(statement: Uint8Array): Promise<void> {
    await this.http.post("reset/stop", { statement: b(statement) }, read.nothing);
  }

  /** What the audit log says about the caller; `before` is the `next` of the page before. */
  ledger(before: string | null) {
    const query = before === null ? "" : `?${new URLSearchParams({ before }).toString()}`;
    return this.http.get(`ledger${query}`, read.ledger);
  }

  /** What proves one entry of the caller's ledger. */
  ledgerEvidence(leaf: number) {
    return this.http.get(`ledger/${String(leaf)}`, read.ledgerEvidence);
  }

  async moderators() {
    return (await this.http.get("moderators", read.people)).people;
  }

  /** One envelope of somebody else's log, for a moderator who has a report about it; the server notes the lookup. */
  moderationEnvelope(conversation: string, seq: number) {
    return this.http.post("moderation/envelope", { conversation, seq }, read.envelope);
  }
}
