import { Encoder } from "@msgpack/msgpack";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type LinkState, Socket, type WebSocketLike } from "../../src/transport";
import { Decoder } from "@msgpack/msgpack";
import type { Event } from "../../src/wire/frames";

const encoder = new Encoder();
const decoder = new Decoder();

/** The network's side of one WebSocket. */
class Wire implements WebSocketLike {
  binaryType = "blob";
  readyState = 0;
  bufferedAmount = 0;
  protocol = "beep.v1";
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  closed = false;
  readonly sent: Record<string, unknown>[] = [];

  send(data: Uint8Array<ArrayBuffer>): void {
    this.sent.push(decoder.decode(data) as Record<string, unknown>);
  }

  close(): void {
    this.closed = true;
  }

  say(frame: unknown): void {
    this.onmessage?.({ data: encoder.encode(frame).slice().buffer });
  }

  async greet(): Promise<void> {
    this.onopen?.(undefined as never);
    const hello = this.sent[0]!;
    this.say({
      t: "ready",
      re: hello["id"],
      minor: 0,
      time: 1,
      person: new Uint8Array(16),
      device: new Uint8Array(16),
    });
    await Promise.resolve();
    await Promise.resolve();
  }
}

let wires: Wire[];
let socket: Socket;
let states: LinkState[];
let online: boolean;
let tellOnline: (online: boolean) => void;

const last = (): Wire => wires.at(-1)!;

beforeEach(() => {
  vi.useFakeTimers();
  wires = [];
  states = [];
  online = true;
  tellOnline = () => undefined;
  socket = new Socket({
    url: "ws://test/ws",
    open: () => {
      const wire = new Wire();
      wires.push(wire);
      return wire;
    },
    random: () => 1,
    online: () => online,
    onOnlineChange: (run) => {
      tellOnline = run;
      return () => undefined;
    },
  });
  socket.onState((state) => states.push(state));
});

afterEach(() => {
  socket.stop();
  vi.useRealTimers();
});

const connect = async () => {
  socket.start();
  await last().greet();
  await vi.advanceTimersByTimeAsync(0);
  expect(socket.state.kind).toBe("ready");
};

describe("requests", () => {
  it("get the answers that name them, in any order, and refusals as typed errors", async () => {
    await connect();
    const first = socket.request("ping", {});
    const second = socket.request("mail_ack", { seq: 4 });
    const [, one, two] = last().sent;
    last().say({
      t: "refused",
      re: two!["id"],
      code: "busy",
      message: "",
      detail: {},
      retry_after: 2.5,
    });
    last().say({ t: "ok", re: one!["id"] });
    await expect(first).resolves.toMatchObject({ t: "ok" });
    await expect(second).rejects.toMatchObject({ code: "busy", retryAfter: 2.5 });
    expect(Number(two!["id"])).toBeGreaterThan(Number(one!["id"]));
  });

  it("fail at once without a connection and with it", async () => {
    await expect(socket.request("ping", {})).rejects.toMatchObject({ code: "offline" });
    await connect();
    const lost = socket.request("ping", {});
    last().onclose?.({ code: 1006, reason: "" });
    await expect(lost).rejects.toMatchObject({ code: "offline", unknownOutcome: true });
    expect(socket.state.kind).toBe("connecting");
  });

  it("time out, which drops the line", async () => {
    await connect();
    const slow = socket.request("ping", {});
    const failed = expect(slow).rejects.toMatchObject({ code: "timeout" });
    await vi.advanceTimersByTimeAsync(30_001);
    await failed;
    expect(wires[0]?.closed).toBe(true);
  });

  it("keep fewer under way than the server allows", async () => {
    await connect();
    const all = Array.from({ length: 100 }, () => socket.request("ping", {}));
    expect(last().sent.length - 1).toBe(56);
    for (let i = 1; i <= 100; i++) last().say({ t: "ok", re: last().sent[i]!["id"] });
    await Promise.all(all);
  });
});

describe("frames that the protocol does not allow", () => {
  it.each([
    ["text", "hello"],
    ["not MessagePack", Uint8Array.of(0xc1).buffer],
    ["an unknown type", encoder.encode({ t: "gift" }).slice().buffer],
    ["an answer to nothing", encoder.encode({ t: "ok", re: 99 }).slice().buffer],
    ["one field too many", encoder.encode({ t: "mail_waiting", last: 1, more: 2 }).slice().buffer],
  ])("%s closes the connection", async (_name, data) => {
    await connect();
    last().onmessage?.({ data });
    expect(wires[0]?.closed).toBe(true);
    expect(socket.state.kind).toBe("connecting");
  });

  it("does not take an answer of another type for the right one", async () => {
    await connect();
    const sent = socket.request("mail_fetch", { after: 0 });
    last().say({ t: "ok", re: last().sent.at(-1)!["id"] });
    await expect(sent).rejects.toMatchObject({ code: "bad_answer" });
    expect(wires[0]?.closed).toBe(true);
  });
});

describe("the connection", () => {
  it("comes back after growing waits", async () => {
    socket.start();
    const waits = [500, 1_000, 2_000, 4_000];
    for (const wait of waits) {
      const count = wires.length;
      last().onclose?.({ code: 1006, reason: "" });
      await vi.advanceTimersByTimeAsync(wait - 1);
      expect(wires.length).toBe(count);
      await vi.advanceTimersByTimeAsync(1);
      expect(wires.length).toBe(count + 1);
    }
  });

  it.each([4408, 4412])("comes back after %i", async (code) => {
    await connect();
    last().onclose?.({ code, reason: "" });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(wires.length).toBe(2);
  });

  it("waits half a minute after 4429", async () => {
    await connect();
    last().onclose?.({ code: 4429, reason: "" });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(wires.length).toBe(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(wires.length).toBe(2);
  });

  it.each([
    [4401, "ended"],
    [4409, "superseded"],
  ])("stays closed after %i until it is started again", async (code, kind) => {
    await connect();
    const lost = expect(socket.request("ping", {})).rejects.toMatchObject({ code: "offline" });
    last().onclose?.({ code, reason: "" });
    await lost;
    await vi.advanceTimersByTimeAsync(600_000);
    expect(wires.length).toBe(1);
    expect(socket.state.kind).toBe(kind);
    socket.start();
    expect(wires.length).toBe(2);
  });

  it("pings when it is quiet and reconnects when nobody answers", async () => {
    await connect();
    await vi.advanceTimersByTimeAsync(25_000);
    expect(last().sent.at(-1)).toMatchObject({ t: "ping" });
    last().say({ t: "ok", re: last().sent.at(-1)!["id"] });
    await vi.advanceTimersByTimeAsync(25_000);
    expect(wires.length).toBe(1);
    await vi.advanceTimersByTimeAsync(31_000);
    expect(wires.length).toBe(2);
  });

  it("drops at once when the network goes and connects at once when it comes", async () => {
    await connect();
    online = false;
    tellOnline(false);
    expect(wires[0]?.closed).toBe(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(wires.length).toBe(1);
    online = true;
    tellOnline(true);
    expect(wires.length).toBe(2);
  });

  it("hands events on and sends notes only while connected", async () => {
    const events: Event[] = [];
    socket.onEvent((event) => events.push(event));
    expect(socket.note({ t: "ack", cursors: [{ conversation: new Uint8Array(16), seq: 1 }] })).toBe(false);
    await connect();
    last().say({ t: "mail_waiting", last: 3 });
    expect(events).toEqual([{ t: "mail_waiting", last: 3 }]);
    expect(socket.note({ t: "ack", cursors: [{ conversation: new Uint8Array(16), seq: 1 }] })).toBe(true);
    expect(last().sent.at(-1)).toMatchObject({ t: "ack" });
    expect(states.map((state) => state.kind)).toEqual(["connecting", "ready"]);
  });
});
