import type { Id } from "../../src/core/api";
import { idBytes } from "../../src/core/ids";
import { TransportError } from "../../src/transport";
import type { Answers, Link, LinkState, RequestFields, RequestTag } from "../../src/transport";
import type * as wire from "../../src/wire/frames";
import type { ServerDouble } from "./double";

/** The socket of one process of a device: ready while started, unless the test cuts it. */
export class DoubleLink implements Link {
  state: LinkState = { kind: "closed" };
  readonly line = null;
  /** Called before a request reaches the server and before its answer comes back; throws to lose it. */
  before: (tag: RequestTag) => void = () => undefined;
  after: (tag: RequestTag) => void = () => undefined;
  /** False: the process has ended, or the network is away; `start` has no effect. */
  reachable = true;
  #wanted = false;
  readonly #states = new Set<(state: LinkState) => void>();
  readonly #events = new Set<(event: wire.Event) => void>();

  constructor(
    private readonly server: ServerDouble,
    private readonly person: Id,
    private readonly device: Id,
  ) {}

  start(): void {
    this.#wanted = true;
    if (!this.reachable || this.server.isRevoked(this.device)) return;
    const time = this.server.now();
    const ready = {
      t: "ready",
      re: 1,
      minor: 0,
      time,
      person: idBytes(this.person),
      device: idBytes(this.device),
    };
    this.#set({ kind: "ready", ready: ready as wire.Ready });
  }

  stop(): void {
    this.#wanted = false;
    this.#set({ kind: "closed" });
  }

  /** The network goes: what is on its way gets no answer. */
  cut(): void {
    this.reachable = false;
    if (this.state.kind === "ready") this.#set({ kind: "connecting" });
  }

  /** The network is back. */
  heal(): void {
    this.reachable = true;
    if (this.#wanted && this.state.kind !== "ready") this.start();
  }

  /** The session is over, as the server says with 4401. */
  end(reason: string): void {
    if (this.state.kind !== "closed") this.#set({ kind: "ended", reason });
  }

  async request<K extends RequestTag>(tag: K, fields: RequestFields[K]): Promise<Answers[K]> {
    if (this.state.kind !== "ready") throw new TransportError("offline");
    this.before(tag);
    this.server.overheard(tag, fields);
    const from = this.server.device(this.device);
    const answer = await this.server.answer(from, tag, structuredClone(fields));
    if (!this.reachable) throw new TransportError("offline");
    this.after(tag);
    return answer as Answers[K];
  }

  note(frame: wire.Note): boolean {
    if (this.state.kind !== "ready") return false;
    this.server.noted(this.server.device(this.device), frame);
    return true;
  }

  onState(run: (state: LinkState) => void): () => void {
    this.#states.add(run);
    return () => this.#states.delete(run);
  }

  onEvent(run: (event: wire.Event) => void): () => void {
    this.#events.add(run);
    return () => this.#events.delete(run);
  }

  push(event: wire.Event): void {
    if (this.state.kind === "ready") for (const run of [...this.#events]) run(structuredClone(event));
  }

  #set(state: LinkState): void {
    this.state = state;
    for (const run of [...this.#states]) run(state);
  }
}
