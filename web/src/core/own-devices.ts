import { numbered } from "../store";
import type { Id } from "./api";
import { fromAnswer, rememberConversation } from "./catchup";
import type { Context } from "./context";
import type { Identities } from "./identities";
import { idText } from "./ids";
import { Pump } from "./lanes";
import { selfConversation } from "./selfsync";
import type { Synced } from "./synced";

/** How groups are changed: `Sync` knows the way. */
export interface Conversations {
  /** Adds every living regular device of one's own that has no leaf. */
  admitOwn(conversation: Id): Promise<void>;
  /** Begins the group where there is none. */
  ensure(conversation: Id): Promise<boolean>;
  /** Asks the members to let this device in. */
  askIn(conversation: Id): Promise<void>;
}

const FIRST_RETRY_MS = 4_000;
const MAX_RETRY_MS = 5 * 60 * 1000;
/** A device that did not approve the new one leaves the work to the one that did, for so long. */
const STAND_BACK_MS = 15_000;

/**
 * Lets the devices of one person into each other's conversations. Whoever has a leaf adds those of its own devices that
 * have none, as soon as they have KeyPackages; and where there are two devices, there is a group of them alone, in which
 * they tell each other what was read. A temporary device adds nobody and is added to what it opens.
 */
export class OwnDevices {
  readonly #pump = new Pump(() => this.#admit());
  #timer: ReturnType<typeof setTimeout> | null = null;
  #retry = FIRST_RETRY_MS;
  #settled: Promise<void> = Promise.resolve();

  constructor(
    private readonly context: Context,
    private readonly identities: Identities,
    private readonly conversations: Conversations,
    private readonly synced: Synced,
  ) {}

  /** A device came here by our own approval, or the connection began: at once. */
  now(): void {
    this.#retry = FIRST_RETRY_MS;
    this.#later(0);
  }

  /** The own chain has grown by what another device did. */
  soon(): void {
    this.#retry = FIRST_RETRY_MS;
    this.#later(STAND_BACK_MS * (1 + this.context.env.random()));
  }

  /** When the attempt that runs now has ended. */
  settled(): Promise<void> {
    return this.#settled;
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #later(wait: number): void {
    if (this.context.self.temporary) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#settled = this.#pump.poke();
      this.context.background("own devices", this.#settled);
    }, wait);
  }

  async #admit(): Promise<void> {
    const { context } = this;
    if (!context.leads || context.link.state.kind !== "ready") return;
    const others = await this.#others();
    if (others.length === 0) return;
    await this.#selfGroup();
    let missing = false;
    for (const { value } of await context.store.all("conversations")) {
      if (!context.leads || context.link.state.kind !== "ready") return;
      if ((await this.#without(value.id, others)).length === 0) continue;
      try {
        await this.conversations.admitOwn(value.id);
      } catch (error) {
        // One group that cannot be changed now does not keep the others from being.
        context.background("own devices", Promise.reject(error as Error));
      }
      if ((await this.#without(value.id, others)).length > 0) missing = true;
      // What was agreed on before the newcomer was there.
      else if (value.kind === "self") await this.synced.tellAll();
    }
    if (!missing) {
      this.#retry = FIRST_RETRY_MS;
      return;
    }
    // The new device has not uploaded its KeyPackages yet, or somebody else commits just now.
    this.#later(this.#retry);
    this.#retry = Math.min(this.#retry * 2, MAX_RETRY_MS);
  }

  /** Begins the group of one's own devices as soon as there are two. */
  async #selfGroup(): Promise<void> {
    const { context } = this;
    let conversation = await selfConversation(context);
    if (conversation === null) {
      const answer = await context.api.openSelf();
      await rememberConversation(context, fromAnswer(answer));
      conversation = answer.id;
    }
    const row = await context.store.get("conversations", await context.store.conversation(conversation));
    if (row?.value.server.generation === 0) {
      await this.conversations.ensure(conversation);
      await this.synced.tellAll();
    }
  }

  /** Living regular devices of this person but this one. */
  async #others(): Promise<Id[]> {
    const { self } = this.context;
    const chain = await this.identities.fresh(self.person);
    const regular = chain.devices.filter((entry) => entry.kind === "regular");
    return regular.map((entry) => idText(entry.id)).filter((id) => id !== self.device);
  }

  /** Which of them have no leaf in a conversation where this device has one. */
  async #without(conversation: Id, devices: readonly Id[]): Promise<Id[]> {
    const { store, self } = this.context;
    const blind = await store.conversation(conversation);
    const record = (await store.get("conversations", blind))?.value;
    if (!record || record.generation === 0) return [];
    const group = (await store.get("groups", numbered(blind, record.generation)))?.value;
    if (!group?.state || !group.devices.some((one) => one.device === self.device)) return [];
    return devices.filter((id) => !group.devices.some((one) => one.device === id));
  }
}
