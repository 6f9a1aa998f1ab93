import { Decoder, Encoder } from "@msgpack/msgpack";
import type { ClientFrame, ServerFrame } from "./frames";
import { MAX_FRAME, parseServerFrame } from "./frames";
import { WireError } from "./validate";

/** Frames are a few maps deep; bounds keep a hostile one from making the decoder work. */
const decoder = new Decoder({ maxStrLength: 4_096, maxExtLength: 0 });
const encoder = new Encoder({ ignoreUndefined: false });

/** The bytes of one binary WebSocket message. Throws WireError above MAX_FRAME. */
export function encodeFrame(frame: ClientFrame): Uint8Array<ArrayBuffer> {
  const encoded = encoder.encode(frame);
  if (encoded.length > MAX_FRAME) throw new WireError(frame.t, "larger than a frame may be");
  return encoded;
}

/** One binary WebSocket message, checked. Throws WireError for bytes that are not MessagePack or not a frame. */
export function decodeFrame(data: ArrayBuffer | Uint8Array): ServerFrame {
  if (data.byteLength > MAX_FRAME) throw new WireError("frame", "larger than a frame may be");
  let value: unknown;
  try {
    value = decoder.decode(data);
  } catch (error) {
    throw new WireError("frame", error instanceof Error ? error.message : "not MessagePack");
  }
  return parseServerFrame(value);
}
