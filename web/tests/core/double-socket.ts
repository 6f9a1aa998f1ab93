import { decode, encode } from "@msgpack/msgpack";
import type { Id } from "../../src/core/api";
import { idBytes } from "../../src/core/ids";
import { TransportError } from "../../src/transport";
import type { RequestTag, WebSocketLike } from "../../src/transport";
import type * as wire from "../../src/wire/frames";
import type { Device, ServerDouble } from "./double";

const CLOSED_BADLY = 1006;
const CLOSE_REVOKED = 4401;
const CLOSE_SUPERSEDED = 4409;

/** A socket to the double for a whole app: real frames both ways, one connection. */
export class DoubleSocket implements WebSocketLike {
  binaryType = "arraybuffer";
  readonly bufferedAmount = 0;
  readonly protocol = "beep.v1";
  readyState = 0;
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  readonly #device: Device;

  constructor(
    private readonly server: ServerDouble,
    device: Id,
    /** Asked before a frame leaves; false when the process has died: then nothing leaves. */
    private readonly leaving: (tag: string) => boolean,
  ) {
    this.#device = server.device(device);
    setImmediate(() => {
      if (this.readyState !== 0) return;
      if (server.isRevoked(device)) {
        this.drop(CLOSE_REVOKED);
        return;
      }
      this.readyState = 1;
      const before = this.#device.door;
      this.#device.door = this;
      if (before instanceof DoubleSocket && before !== this) before.drop(CLOSE_SUPERSEDED);
      (this.onopen as (() => void) | null)?.();
    });
  }

  send(data: Uint8Array<ArrayBuffer>): void {
    if (this.readyState !== 1) return;
    const { t, id, ...fields } = decode(data) as { t: RequestTag | "ack" | "typing"; id?: number };
    if (!this.leaving(t)) return;
    this.server.overheard(t as RequestTag, fields);
    if (id === undefined) this.server.noted(this.#device, { t, ...fields } as unknown as wire.Note);
    else void this.#answer(t as RequestTag, id, fields);
  }

  async #answer(tag: RequestTag, id: number, fields: object): Promise<void> {
    if (tag === "hello") {
      const { person, device } = this.#device;
      const who = { person: idBytes(person), device: idBytes(device) };
      this.#tell({ t: "ready", re: id, minor: 0, time: this.server.now(), ...who });
      return;
    }
    try {
      const answer = (await this.server.answer(this.#device, tag, fields)) as wire.Answer;
      this.#tell({ ...answer, re: id });
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      const { code, message, detail, retryAfter } = error;
      // An answer that was lost: nobody knows what became of the request.
      if (error.unknownOutcome) this.drop(CLOSED_BADLY);
      else
        this.#tell({
          t: "refused",
          re: id,
          code,
          message,
          detail: detail as wire.Refused["detail"],
          retry_after: retryAfter,
        });
    }
  }

  push(event: wire.Event): void {
    this.#tell(event);
  }

  end(): void {
    this.drop(CLOSE_REVOKED);
  }

  close(code = 1000): void {
    this.drop(code);
  }

  /** The line breaks; what is on its way is lost. */
  drop(code = CLOSED_BADLY): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    if (this.#device.door === this) this.#device.door = NOBODY;
    setImmediate(() => this.onclose?.({ code, reason: "" }));
  }

  #tell(frame: wire.Answer | wire.Event): void {
    const bytes = encode(frame);
    setImmediate(() => {
      if (this.readyState === 1) this.onmessage?.({ data: bytes.slice().buffer });
    });
  }
}

/** The door of a device without a connection. */
export const NOBODY: Device["door"] = { push: () => undefined, end: () => undefined };
