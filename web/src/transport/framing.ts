import { MAX_FRAME } from "../wire/frames";

/** Bytes of a length before its frame: u32, big-endian. */
const LENGTH = 4;

/** The bytes are not frames behind their lengths. */
export class FramingError extends Error {}

/** Several frames as one body: each behind its length. */
export function join(frames: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(frames.reduce((sum, frame) => sum + LENGTH + frame.length, 0));
  const view = new DataView(joined.buffer);
  let at = 0;
  for (const frame of frames) {
    view.setUint32(at, frame.length);
    joined.set(frame, at + LENGTH);
    at += LENGTH + frame.length;
  }
  return joined;
}

/** Takes such a body apart while it comes, in pieces of any size. */
export class Unpacker {
  #target = new Uint8Array(LENGTH);
  #filled = 0;
  #inFrame = false;

  /** Calls `hear` for each frame that `piece` completes; throws `FramingError` for one that nobody would send. */
  take(piece: Uint8Array, hear: (frame: ArrayBuffer) => void): void {
    for (let at = 0; ;) {
      const part = piece.subarray(at, at + this.#target.length - this.#filled);
      this.#target.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled < this.#target.length) return;
      const full = this.#target;
      const length = this.#inFrame ? LENGTH : new DataView(full.buffer).getUint32(0);
      if (length > 2 * MAX_FRAME) throw new FramingError("longer than any frame");
      this.#inFrame = !this.#inFrame;
      this.#target = new Uint8Array(length);
      this.#filled = 0;
      if (!this.#inFrame) hear(full.buffer);
    }
  }

  /** Throws `FramingError` when the body has ended within a frame. */
  end(): void {
    if (this.#inFrame || this.#filled > 0) throw new FramingError("cut off");
  }
}
