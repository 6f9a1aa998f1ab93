import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { decode, Encoder } from "@msgpack/msgpack";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PollSocket, Socket, type WebSocketLike } from "../../src/transport";
import { FramingError, join, Unpacker } from "../../src/transport/framing";

const encoder = new Encoder();
const encode = (frame: unknown): Uint8Array => encoder.encode(frame).slice();
const TYPE = "application/vnd.beep.v1";
const bytes16 = new Uint8Array(16);
const ready = encode({ t: "ready", re: 1, minor: 0, time: 1, person: bytes16, device: bytes16 });
const behind = encode({ t: "behind", re: 2, conversations: [], mailbox: 0 });
const mail = (last: number): Uint8Array => encode({ t: "mail_waiting", last });

describe("framing", () => {
  const frames = [new Uint8Array(0), new Uint8Array([1, 2, 3]), new Uint8Array(300).fill(7)];

  it.each([1, 2, 3, 5, 7, 1_000])("takes a body apart that comes %i bytes at a time", (size) => {
    const body = join(frames);
    const unpacker = new Unpacker();
    const heard: Uint8Array[] = [];
    for (let at = 0; at < body.length; at += size)
      unpacker.take(body.subarray(at, at + size), (frame) => heard.push(new Uint8Array(frame)));
    unpacker.end();
    expect(heard).toEqual(frames);
  });

  it("refuses a body that ends within a frame or a length", () => {
    for (const cut of [1, 5, 6, 10]) {
      const unpacker = new Unpacker();
      unpacker.take(join(frames).subarray(0, cut), () => undefined);
      expect(() => {
        unpacker.end();
      }).toThrow(FramingError);
    }
  });

  it("keeps no room for a length that no frame has", () => {
    const unpacker = new Unpacker();
    expect(() => {
      unpacker.take(new Uint8Array([255, 255, 255, 255]), () => undefined);
    }).toThrow(FramingError);
  });
});

/** One POST, whose answer the test drips. */
interface Post {
  headers: Headers;
  frames: Record<string, unknown>[];
  begin(headers?: Record<string, string>): void;
  drip(piece: Uint8Array): void;
  done(): void;
  cut(): void;
  aborted: boolean;
}

describe("on a slow line", () => {
  let posts: Post[];
  let heard: unknown[];
  let poll: PollSocket;

  const slowFetch = (_url: unknown, init: RequestInit = {}): Promise<Response> =>
    new Promise((resolve, reject) => {
      let body: ReadableStreamDefaultController<Uint8Array>;
      const stream = new ReadableStream<Uint8Array>({
        start: (controller) => {
          body = controller;
        },
      });
      const frames: Record<string, unknown>[] = [];
      new Unpacker().take(init.body as Uint8Array, (frame) =>
        frames.push(decode(frame) as Record<string, unknown>),
      );
      const post: Post = {
        headers: new Headers(init.headers),
        frames,
        begin: (headers = {}) => {
          resolve(new Response(stream, { headers: { "Content-Type": TYPE, ...headers } }));
        },
        drip: (piece) => {
          body.enqueue(piece);
        },
        done: () => {
          body.close();
        },
        cut: () => {
          body.error(new TypeError("network"));
          reject(new TypeError("network"));
        },
        aborted: false,
      };
      init.signal?.addEventListener("abort", () => {
        post.aborted = true;
        post.cut();
      });
      posts.push(post);
    });

  /** A WebSocket that no proxy lets through. */
  const blocked = (): WebSocketLike => {
    const socket: WebSocketLike = {
      binaryType: "",
      readyState: 0,
      bufferedAmount: 0,
      protocol: "",
      onopen: null,
      onmessage: null,
      onclose: null,
      onerror: null,
      send: () => undefined,
      close: () => undefined,
    };
    setTimeout(() => socket.onclose?.({ code: 1006, reason: "" }), 1);
    return socket;
  };

  const run = (milliseconds: number): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds);

  const answer = async (post: Post, frames: readonly Uint8Array[], headers = {}): Promise<void> => {
    post.begin(headers);
    post.drip(join(frames));
    post.done();
    await run(0);
  };

  /** A line that has resumed, and its first poll. */
  const listening = async (): Promise<Post> => {
    await run(0);
    poll.send(encode({ t: "hello", id: 1, minor: 0 }) as Uint8Array<ArrayBuffer>);
    poll.send(encode({ t: "resume", id: 2 }) as Uint8Array<ArrayBuffer>);
    await run(30);
    await answer(posts[0]!, [ready, behind], { "Beep-Poll": "one.1" });
    heard = [];
    return posts.at(-1)!;
  };

  beforeEach(() => {
    vi.useFakeTimers();
    posts = [];
    heard = [];
    poll = new PollSocket({ url: "/poll", fetch: slowFetch });
    poll.onmessage = ({ data }) => heard.push(decode(data as ArrayBuffer));
    poll.onclose = ({ code }) => heard.push(code);
  });

  afterEach(() => {
    poll.close();
    vi.useRealTimers();
  });

  it("an answer that drips for ten minutes arrives, each frame as soon as it is whole", async () => {
    const post = await listening();
    const body = join([mail(1), mail(2), mail(3)]);
    post.begin({ "Beep-Poll": "one.2" });
    let seen = 0;
    for (const [index] of body.entries()) {
      await run(20_000);
      post.drip(body.subarray(index, index + 1));
      await run(0);
      expect(heard.length).toBeGreaterThanOrEqual(seen);
      seen = heard.length;
      if (index === body.length / 3) expect(heard).toEqual([{ t: "mail_waiting", last: 1 }]);
    }
    post.done();
    await run(0);
    expect(post.aborted).toBe(false);
    expect(heard.length).toBe(3);
    expect(posts.at(-1)!.headers.get("Beep-Poll")).toBe("one.2");
  });

  it("an answer that is cut again and again gets further with each attempt, and says nothing twice", async () => {
    let post = await listening();
    const events = [mail(1), mail(2), mail(3), mail(4), mail(5), mail(6)];
    const body = join(events);
    for (const [index] of events.entries()) {
      post.begin({ "Beep-Poll": "one.2" });
      // Up to the middle of the frame behind the one that is new.
      post.drip(body.subarray(0, Math.round(((index + 1.5) * body.length) / events.length)));
      await run(0);
      post.cut();
      await run(5_000);
      post = posts.at(-1)!;
      expect(post.headers.get("Beep-Poll")).toBe("one.1");
      expect(heard.length).toBe(index + 1);
    }
    await answer(post, events, { "Beep-Poll": "one.2" });
    expect(heard).toEqual([1, 2, 3, 4, 5, 6].map((last) => ({ t: "mail_waiting", last })));
  });

  it("half a minute without a byte ends the attempt", async () => {
    const post = await listening();
    post.begin({ "Beep-Poll": "one.2" });
    post.drip(new Uint8Array(2));
    await run(29_000);
    expect(post.aborted).toBe(false);
    await run(1_500);
    expect(post.aborted).toBe(true);
    await run(1_000);
    expect(posts.at(-1)!.headers.get("Beep-Poll")).toBe("one.1");
  });

  it("an answer that never begins ends the attempt half a minute after the server should have said it", async () => {
    const post = await listening();
    await run(54_000);
    expect(post.aborted).toBe(false);
    await run(2_000);
    expect(post.aborted).toBe(true);
  });

  it("says what has not left: a large frame under way counts", async () => {
    await listening();
    poll.send(encode({ t: "send", id: 3, body: new Uint8Array(50_000) }) as Uint8Array<ArrayBuffer>);
    await run(30);
    expect(poll.bufferedAmount).toBeGreaterThan(50_000);
    const post = posts.at(-1)!;
    await run(60_000);
    expect(post.aborted).toBe(false);
    await answer(post, [ready, encode({ t: "ok", re: 3 })]);
    expect(poll.bufferedAmount).toBe(0);
  });

  it("gives what was asked its time again while bytes come", async () => {
    const link = new Socket({
      url: "ws://test/ws",
      open: blocked,
      poll: () => new PollSocket({ url: "/poll", fetch: slowFetch }),
      random: () => 0,
      online: () => true,
      onOnlineChange: () => () => undefined,
    });
    link.start();
    await run(2_000);
    await answer(posts.at(-1)!, [ready]);
    expect(link.line).toMatchObject({ way: "long-poll" });
    const asked = link.request("mail_ack", { seq: 1 });
    await run(30);
    const post = posts.at(-1)!;
    post.begin();
    const body = join([ready, encode({ t: "ok", re: 2 })]);
    for (const [index] of body.entries()) {
      await run(10_000);
      post.drip(body.subarray(index, index + 1));
    }
    post.done();
    await expect(asked).resolves.toMatchObject({ t: "ok" });
    link.stop();
  });

  describe("out of sight", () => {
    it("polls are held for longer, and asked anew when somebody looks", async () => {
      const first = await listening();
      expect(first.headers.get("Beep-Hold")).toBeNull();
      poll.shown(false);
      await answer(first, [], { "Beep-Poll": "one.1" });
      const held = posts.at(-1)!;
      expect(held.headers.get("Beep-Hold")).toBe("55");
      await run(60_000);
      expect(held.aborted).toBe(false);
      poll.shown(true);
      await run(0);
      expect(held.aborted).toBe(true);
      expect(posts.at(-1)).not.toBe(held);
      expect(posts.at(-1)!.headers.get("Beep-Hold")).toBeNull();
      expect(heard).toEqual([]);
    });

    it("a short look asks nothing", async () => {
      await listening();
      const count = posts.length;
      poll.shown(false);
      await run(1_000);
      poll.shown(true);
      await run(0);
      expect(posts.length).toBe(count);
    });

    it("a proxy that cuts a long hold is met with short ones", async () => {
      const first = await listening();
      poll.shown(false);
      await answer(first, [], { "Beep-Poll": "one.1" });
      await run(30_000);
      posts.at(-1)!.cut();
      await run(1_000);
      expect(posts.at(-1)!.headers.get("Beep-Hold")).toBeNull();
      expect(heard).toEqual([]);
    });
  });
});

describe("with a real server", () => {
  let server: Server;
  let poll: PollSocket;

  afterEach(async () => {
    poll.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it("an answer that drips and is cut in the middle is heard once, and whole", async () => {
    const events = Array.from({ length: 20 }, (_, index) => mail(index + 1));
    let polls = 0;
    const drip = async (response: ServerResponse, body: Uint8Array): Promise<void> => {
      for (let at = 0; at < body.length && !response.destroyed; at += 7) {
        response.write(body.subarray(at, at + 7));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };
    server = createServer((request, response) => {
      request.resume();
      request.on("end", () => {
        const named = request.headers["beep-poll"];
        if (named === "one.2") return;
        const begins = named === undefined;
        response.writeHead(200, { "Content-Type": TYPE, "Beep-Poll": begins ? "one.1" : "one.2" });
        if (begins) {
          response.end(join([ready, behind]));
          return;
        }
        const body = join(events);
        polls += 1;
        void drip(response, polls === 1 ? body.subarray(0, body.length / 2) : body).then(() => {
          if (polls === 1) response.destroy();
          else response.end();
        });
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    poll = new PollSocket({ url: `http://127.0.0.1:${String(port)}/poll`, fetch });
    const heard: Record<string, unknown>[] = [];
    poll.onmessage = ({ data }) => heard.push(decode(data as ArrayBuffer) as Record<string, unknown>);
    poll.onopen = () => {
      poll.send(encode({ t: "hello", id: 1, minor: 0 }) as Uint8Array<ArrayBuffer>);
      poll.send(encode({ t: "resume", id: 2 }) as Uint8Array<ArrayBuffer>);
    };
    await vi.waitFor(
      () => {
        expect(heard.length).toBe(22);
      },
      { timeout: 50_000, interval: 20 },
    );
    expect(polls).toBe(2);
    expect(heard.slice(2).map((frame) => frame["last"])).toEqual(events.map((_, index) => index + 1));
  }, 120_000);
});
