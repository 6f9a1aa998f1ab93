import type * as wire from "../wire/frames";
import type { Line } from "./ways";

/** The connection as the core sees it. Tests drive the core through this interface with a script of their own. */

export type LinkState =
  /** Not wanted: nobody called `start`, or `stop` was called. */
  | { kind: "closed" }
  /** Trying, or waiting to try again. */
  | { kind: "connecting" }
  /** Hello was answered; requests may be sent. */
  | { kind: "ready"; ready: wire.Ready }
  /** The session or the device has ended (4401): stays closed until `start` is called again. */
  | { kind: "ended"; reason: string }
  /** The same device opened a newer socket (4409): stays closed until `start` is called again. */
  | { kind: "superseded" };

/** The answer that belongs to each request. */
export interface Answers {
  hello: wire.Ready;
  resume: wire.Behind;
  fetch: wire.Page;
  hashes: wire.HashList;
  send: wire.Sent;
  commit: wire.Sent;
  begin: wire.Sent;
  mail_fetch: wire.MailPage;
  mail_ack: wire.Ok;
  slot_put: wire.Ok;
  slots_fetch: wire.Slots;
  orders_fetch: wire.Orders;
  rejoin: wire.Ok;
  leave: wire.Ok;
  report_commit: wire.Ok;
  reupload: wire.Reuploaded;
  ping: wire.Ok;
}

export type RequestTag = keyof Answers;

/** A request's fields without its tag and its id, which the link gives. */
export type RequestFields = { [R in wire.Request as R["t"]]: Omit<R, "id" | "t"> };

export interface Link {
  readonly state: LinkState;
  /** For diagnostics alone: nothing may depend on how frames travel. Null while there is no connection. */
  readonly line: Line | null;
  start(): void;
  stop(): void;
  /**
   * Rejects with `TransportError`: a refusal's code, or `offline` / `timeout` when the outcome is unknown. Requests
   * leave in the order of the calls.
   */
  request<K extends RequestTag>(tag: K, fields: RequestFields[K]): Promise<Answers[K]>;
  /** False when there is no connection; a note is never queued. */
  note(frame: wire.Note): boolean;
  onState(run: (state: LinkState) => void): () => void;
  onEvent(run: (event: wire.Event) => void): () => void;
}

/** Which tag each request's answer must carry. */
export const answerTag: Readonly<Record<RequestTag, wire.Answer["t"]>> = {
  hello: "ready",
  resume: "behind",
  fetch: "page",
  hashes: "hash_list",
  send: "sent",
  commit: "sent",
  begin: "sent",
  mail_fetch: "mail",
  mail_ack: "ok",
  slot_put: "ok",
  slots_fetch: "slots",
  orders_fetch: "orders",
  rejoin: "ok",
  leave: "ok",
  report_commit: "ok",
  reupload: "reuploaded",
  ping: "ok",
};
