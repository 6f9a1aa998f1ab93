/** A line between a real client and a real server whose far end lies: it hears every frame and tells what it wants. */

import { encode } from "@msgpack/msgpack";
import type { WebSocketLike } from "../../src/transport";
import { decodeFrame } from "../../src/wire/codec";
import type { ServerFrame } from "../../src/wire/frames";

/** One frame of the server → what the client is told instead; null: nothing. */
export type Rule = (told: ServerFrame) => ServerFrame | null;

type Listener = WebSocketLike["onmessage"];

export class LyingLine {
  rule: Rule = honest;
  /** Everything that the server said, in order. */
  readonly heard: ServerFrame[] = [];
  #tell: ((frame: ServerFrame) => void) | null = null;

  /** Takes a socket's place before its client listens to it. */
  readonly through = (socket: WebSocketLike): WebSocketLike => {
    const listen = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(socket), "onmessage")?.set;
    if (!listen) throw new Error("this socket cannot be listened to");
    let told: Listener = null;
    Object.defineProperty(socket, "onmessage", {
      set: (run: Listener) => {
        told = run;
      },
    });
    const tell = (frame: ServerFrame): void => {
      told?.({ data: encode(frame).slice().buffer });
    };
    listen.call(socket, ({ data }: { data: ArrayBuffer }) => {
      this.#tell = tell;
      const frame = decodeFrame(data);
      this.heard.push(frame);
      const instead = this.rule(frame);
      if (instead) tell(instead);
    });
    return socket;
  };

  /** Tells the client what the server never said. */
  say(frame: ServerFrame): void {
    this.#tell?.(frame);
  }
}

export const honest: Rule = (told) => told;
