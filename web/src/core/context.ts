import type { DeviceKeys } from "../crypto/api";
import type { Store, Vault } from "../store";
import { StoreError } from "../store";
import type { Api, Link } from "../transport";
import type { Id } from "./api";
import type { Bus } from "./bus";
import type { Environment } from "./environment";
import { toAppError } from "./errors";
import { idBytes } from "./ids";
import type { Journal } from "./journal";
import { KeyLog } from "./keylog";
import { Lanes } from "./lanes";

/** Whose session is open, as ids and as bytes. */
export interface Self {
  person: Id;
  device: Id;
  deviceName: string;
  login: string;
  keys: DeviceKeys;
  /** On a shared computer: memory only. */
  temporary: boolean;
}

/** Everything that the parts of one open session share. Made at unlocking, dropped at locking. */
export class Context {
  /** One task at a time for each conversation: its log, its MLS state and its outbox move together. */
  readonly lanes = new Lanes();
  /**
   * One sender at a time for each conversation: frames leave in the order of their counters, and no message is encrypted
   * between a commit and its answer. Taken before the conversation's lane, never inside it.
   */
  readonly senders = new Lanes();
  /** What everybody is shown of everybody's keys. */
  readonly keyLog: KeyLog = new KeyLog(this);
  /**
   * The server announced a new statement of our own person that this device has not seen. When the session ends before
   * it can be fetched, it was the one that revoked this device.
   */
  ownChainGrew = false;
  #fence: number | null = null;

  constructor(
    readonly env: Environment,
    readonly store: Store,
    readonly vault: Vault,
    readonly api: Api,
    readonly link: Link,
    readonly bus: Bus,
    readonly journal: Journal,
    readonly self: Self,
    /** Called once when the log proves that this database is an old copy. */
    readonly onRolledBack: () => void,
  ) {}

  get leads(): boolean {
    return this.#fence !== null;
  }

  /** The fence for writes of the leader. Throws `StoreError("fenced")` in a tab that does not lead. */
  get fence(): number {
    if (this.#fence === null) throw new StoreError("fenced");
    return this.#fence;
  }

  async takeFence(): Promise<void> {
    this.#fence = await this.store.takeFence();
  }

  dropFence(): void {
    this.#fence = null;
  }

  now(): number {
    return this.env.now();
  }

  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, milliseconds));
  }

  /** Runs what nobody waits for: a failure is noted, a store that was locked meanwhile ends it quietly. */
  background(label: string, task: Promise<unknown>): void {
    task.catch((error: unknown) => {
      if (error instanceof StoreError && error.code === "closed") return;
      this.journal.note(label, toAppError(error).code);
    });
  }

  /** True for the device of this session. */
  isOwnDevice(device: Uint8Array): boolean {
    return device.length === 16 && idBytes(this.self.device).every((byte, i) => byte === device[i]);
  }
}
