import type { MessageItem, MessageList } from "../src/core/api";
import { pause, Value } from "./fake-value";

/** A window of 60 messages that grows by 60. */
export class FakeList implements MessageList {
  readonly items: Value<readonly MessageItem[]>;
  readonly atStart: Value<boolean>;
  readonly atEnd = new Value(true);
  readonly #stop: () => void;
  #from: number;

  constructor(
    readonly all: Value<readonly MessageItem[]>,
    readonly firstUnread: number | null,
  ) {
    this.#from = Math.max(0, all.get().length - 60);
    this.items = new Value<readonly MessageItem[]>([]);
    this.atStart = new Value(this.#from === 0);
    this.#stop = all.subscribe(() => this.#show());
  }
  #show(): void {
    this.items.set(this.all.get().slice(this.#from));
    this.atStart.set(this.#from === 0);
  }
  async loadOlder(): Promise<void> {
    await pause(50);
    this.#from = Math.max(0, this.#from - 60);
    this.#show();
  }
  async loadNewer(): Promise<void> {
    this.#show();
  }
  async jumpToLatest(): Promise<void> {
    this.#show();
  }
  close(): void {
    this.#stop();
  }
}
