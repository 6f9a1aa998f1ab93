import { decode, Encoder } from "@msgpack/msgpack";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PollSocket, Socket, type WebSocketLike } from "../../src/transport";
import type { Event } from "../../src/wire/frames";

type Frame = Record<string, unknown>;
const encoder = new Encoder();
const TYPE = "application/vnd.beep.v1";

const pack = (frames: readonly unknown[]): Uint8Array<ArrayBuffer> => {
  const encoded = frames.map((frame) => encoder.encode(frame));
  const body = new Uint8Array(encoded.reduce((sum, frame) => sum + 4 + frame.length, 0));
  let at = 0;
  for (const frame of encoded) {
    new DataView(body.buffer).setUint32(at, frame.length);
    body.set(frame, at + 4);
    at += 4 + frame.length;
  }
  return body;
};

const unpack = (body: Uint8Array): Frame[] => {
  const frames: Frame[] = [];
  for (let at = 0; at < body.length;) {
    const length = new DataView(body.buffer, body.byteOffset + at).getUint32(0);
    frames.push(decode(body.subarray(at + 4, at + 4 + length)) as Frame);
    at += 4 + length;
  }
  return frames;
};

/** One request on its way, which the test answers or fails. */
interface Post {
  frames: Frame[];
  poll: string | null;
  answer(frames: unknown[], headers?: Record<string, string>): void;
  refuse(status: number, body: string): void;
  fail(): void;
}

let posts: Post[];
let wires: FakeWire[];
let socket: Socket;
let events: Event[];
let tellOnline: (online: boolean) => void;
let tellVisible: (visible: boolean) => void;

/** The network's side of HTTP: keeps what was asked until the test answers. */
const fakeFetch = (_url: unknown, init: RequestInit = {}): Promise<Response> =>
  new Promise((resolve, reject) => {
    init.signal?.addEventListener("abort", () => {
      reject(new DOMException("aborted", "AbortError"));
    });
    posts.push({
      frames: unpack(init.body as Uint8Array),
      poll: new Headers(init.headers).get("Beep-Poll"),
      answer: (frames, headers = {}) => {
        resolve(new Response(pack(frames), { headers: { "Content-Type": TYPE, ...headers } }));
      },
      refuse: (status, body) => {
        resolve(new Response(body, { status }));
      },
      fail: () => {
        reject(new TypeError("no network"));
      },
    });
  });

/** A WebSocket that a proxy lets through or not. */
class FakeWire implements WebSocketLike {
  binaryType = "";
  readyState = 0;
  bufferedAmount = 0;
  protocol = "beep.v1";
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  sent: Frame[] = [];
  closed = false;

  send(data: Uint8Array<ArrayBuffer>): void {
    this.sent.push(decode(data) as Frame);
  }

  close(): void {
    this.closed = true;
  }

  open(): void {
    this.readyState = 1;
    this.onopen?.(undefined as never);
  }

  say(frame: unknown): void {
    this.onmessage?.({ data: encoder.encode(frame).slice().buffer });
  }
}

const ready = {
  t: "ready",
  re: 1,
  minor: 0,
  time: 1,
  person: new Uint8Array(16),
  device: new Uint8Array(16),
};
const behind = { t: "behind", re: 2, conversations: [], mailbox: 0 };

const run = (milliseconds: number): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds);
const lastPost = (): Post => posts.at(-1)!;
const listening = (): Post => posts.findLast((post) => post.poll !== null)!;

beforeEach(() => {
  vi.useFakeTimers();
  posts = [];
  wires = [];
  events = [];
  socket = new Socket({
    url: "ws://test/ws",
    open: () => {
      const wire = new FakeWire();
      wires.push(wire);
      return wire;
    },
    poll: () => new PollSocket({ url: "/poll", fetch: fakeFetch }),
    random: () => 0,
    online: () => true,
    onOnlineChange: (told) => {
      tellOnline = told;
      return () => undefined;
    },
    onVisibleChange: (told) => {
      tellVisible = told;
      return () => undefined;
    },
  });
  socket.onEvent((event) => events.push(event));
});

afterEach(() => {
  socket.stop();
  vi.useRealTimers();
});

/** Both attempts of a WebSocket are turned away, as by a proxy that knows no upgrades. */
const blocked = async (): Promise<void> => {
  socket.start();
  for (const wait of [500, 1_000]) {
    wires.at(-1)?.onclose?.({ code: 1006, reason: "" });
    await run(wait);
  }
  await run(30);
};

const polling = async (): Promise<void> => {
  await blocked();
  lastPost().answer([ready]);
  await run(0);
  expect(socket.line).toMatchObject({ way: "long-poll" });
  const resumed = socket.request("resume", { cursors: [], mailbox: 0 });
  await run(30);
  lastPost().answer([ready, behind], { "Beep-Poll": "one.1" });
  await expect(resumed).resolves.toMatchObject({ t: "behind" });
  await run(0);
};

describe("the way", () => {
  it("is the WebSocket as long as it opens", async () => {
    socket.start();
    wires[0]?.open();
    await run(0);
    wires[0]?.say(ready);
    await run(0);
    expect(socket.line).toMatchObject({ way: "websocket", roundTrip: 0 });
    expect(posts).toEqual([]);
  });

  it("is the long-poll after two WebSockets that are refused", async () => {
    await polling();
    expect(wires.length).toBe(2);
  });

  it("is the long-poll after two WebSockets that hang for 8 s", async () => {
    socket.start();
    await run(8_000 + 500 + 8_000 + 1_000);
    expect(posts.length).toBe(1);
    expect(wires.map((wire) => wire.closed)).toEqual([true, true]);
  });

  it("is the long-poll where upgraded connections are cut at once", async () => {
    socket.start();
    for (const wait of [500, 1_000]) {
      wires.at(-1)?.open();
      await run(0);
      wires.at(-1)?.say(ready);
      await run(100);
      wires.at(-1)?.onclose?.({ code: 1006, reason: "" });
      await run(wait);
    }
    expect(posts.length).toBe(1);
  });

  it("stays the WebSocket when the server itself has closed it", async () => {
    socket.start();
    for (let attempt = 0; attempt < 3; attempt++) {
      wires.at(-1)?.open();
      wires.at(-1)?.onclose?.({ code: 4412, reason: "" });
      await run(5_000);
    }
    expect(posts).toEqual([]);
  });

  it("is the WebSocket again when the long-poll fails as well", async () => {
    await blocked();
    lastPost().fail();
    await run(5_000);
    expect(wires.length).toBe(3);
  });

  it("goes back to a WebSocket that opens, and stays while none does", async () => {
    await polling();
    await run(15_000);
    expect(wires.length).toBe(3);
    await run(8_000);
    expect(wires[2]?.closed).toBe(true);
    expect(socket.line?.way).toBe("long-poll");
    tellOnline(true);
    await run(1_000);
    expect(wires.length).toBe(4);
    wires[3]?.open();
    await run(0);
    wires[3]?.say(ready);
    await run(0);
    expect(socket.line?.way).toBe("websocket");
    expect(wires[3]?.sent).toEqual([{ t: "hello", id: 1, minor: 0 }]);
  });
});

describe("a long-poll", () => {
  it("carries what is asked at once in one POST, behind hello, and drops the repeated greeting", async () => {
    await polling();
    const asked = [socket.request("ping", {}), socket.request("mail_ack", { seq: 1 })];
    await run(30);
    const post = lastPost();
    expect(post.frames.map((frame) => [frame["t"], frame["id"]])).toEqual([
      ["hello", 1],
      ["ping", 3],
      ["mail_ack", 4],
    ]);
    // Nothing else leaves before the answer: order is kept.
    const later = socket.request("ping", {});
    await run(100);
    expect(lastPost()).toBe(post);
    post.answer([ready, { t: "ok", re: 3 }, { t: "ok", re: 4 }]);
    await Promise.all(asked);
    await run(30);
    lastPost().answer([ready, { t: "ok", re: 5 }]);
    await later;
  });

  it("hears events, names each answer, and says a poll again that got lost", async () => {
    await polling();
    expect(listening().poll).toBe("one.1");
    listening().answer([{ t: "mail_waiting", last: 1 }], { "Beep-Poll": "one.2" });
    await run(0);
    expect(listening().poll).toBe("one.2");
    const count = posts.length;
    listening().fail();
    await run(1_000);
    expect(posts.length).toBe(count + 1);
    expect(listening().poll).toBe("one.2");
    listening().answer([{ t: "mail_waiting", last: 2 }], { "Beep-Poll": "one.3" });
    await run(0);
    expect(events).toEqual([
      { t: "mail_waiting", last: 1 },
      { t: "mail_waiting", last: 2 },
    ]);
  });

  it.each([
    [401, JSON.stringify({ code: "not_signed_in", message: "", detail: { close: 4401 } }), "ended"],
    [409, JSON.stringify({ code: "conflict", message: "", detail: { close: 4409 } }), "superseded"],
    [404, JSON.stringify({ code: "not_found", message: "", detail: { close: 4412 } }), "connecting"],
    [502, "<html>Bad gateway</html>", "connecting"],
  ])("that is refused with %i ends as a WebSocket would", async (status, body, kind) => {
    await polling();
    listening().refuse(status, body);
    await run(0);
    expect(socket.state.kind).toBe(kind);
  });

  it("fails what was asked when the answer is cut, or another machine's", async () => {
    await polling();
    const lost = expect(socket.request("ping", {})).rejects.toMatchObject({ code: "offline" });
    await run(30);
    lastPost().answer([], { "Content-Type": "text/html" });
    await lost;
    expect(socket.state.kind).toBe("connecting");
  });

  it("lets acknowledgements wait for company and leaves typing out", async () => {
    await polling();
    const count = posts.length;
    const conversation = new Uint8Array(16);
    expect(socket.note({ t: "ack", cursors: [{ conversation, seq: 1 }] })).toBe(true);
    const typing = { conversation, generation: 1, epoch: 1, leaf: 0, counter: 1, body: new Uint8Array(1) };
    expect(socket.note({ t: "typing", ...typing })).toBe(true);
    await run(4_900);
    expect(posts.length).toBe(count);
    await run(200);
    expect(lastPost().frames.map((frame) => frame["t"])).toEqual(["hello", "ack"]);
  });

  it("sends no pings", async () => {
    await polling();
    const count = posts.length;
    await run(10_000);
    expect(posts.length).toBe(count);
  });
});

describe("a WebSocket", () => {
  const connect = async (): Promise<FakeWire> => {
    socket.start();
    wires[0]!.open();
    await run(0);
    wires[0]!.say(ready);
    await run(0);
    return wires[0]!;
  };

  it("is asked every 25 s of silence in sight, and every four minutes out of it", async () => {
    const wire = await connect();
    await run(25_000);
    expect(wire.sent.at(-1)).toEqual({ t: "ping", id: 2 });
    wire.say({ t: "ok", re: 2 });
    await run(0);
    tellVisible(false);
    await run(239_000);
    expect(wire.sent.length).toBe(2);
    await run(1_000);
    expect(wire.sent.length).toBe(3);
  });

  it("is doubted when the page comes back into sight, and dropped when it does not answer soon", async () => {
    const wire = await connect();
    tellVisible(false);
    await run(60_000);
    tellVisible(true);
    expect(wire.sent.at(-1)).toMatchObject({ t: "ping" });
    await run(8_000);
    expect(wire.closed).toBe(true);
    expect(socket.state.kind).toBe("connecting");
  });

  it("gives a large frame the time that a slow network takes for it", async () => {
    const wire = await connect();
    wire.bufferedAmount = 60_000;
    const sent = socket.request("mail_ack", { seq: 1 });
    await run(0);
    tellVisible(false);
    await run(80_000);
    expect(wire.closed).toBe(false);
    wire.say({ t: "ok", re: 2 });
    await sent;
  });

  it("fetches small pages until the network has shown that it is quick", async () => {
    const wire = await connect();
    const fields = { conversation: new Uint8Array(16), after: 0, limit: 1_000 };
    const page = (count: number) => ({
      t: "page",
      conversation: fields.conversation,
      last_seq: 9_999,
      envelopes: Array.from({ length: count }, (_, i) => ({
        seq: i + 1,
        generation: 1,
        epoch: 1,
        kind: 1,
        device: new Uint8Array(16),
        counter: 1,
        time: 1,
        body: new Uint8Array(1),
      })),
    });
    const limits: unknown[] = [];
    for (const wait of [100, 100, 9_000, 100]) {
      const fetched = socket.request("fetch", fields);
      const asked = wire.sent.at(-1)!;
      limits.push(asked["limit"]);
      await run(wait);
      wire.say({ ...page(Number(asked["limit"])), re: asked["id"] });
      await fetched;
    }
    expect(limits).toEqual([100, 200, 400, 200]);
  });
});
