import type { Seen } from "../crypto/api";
import type { Chain } from "../crypto/chain";
import { CryptoError } from "../crypto/errors";
import { TransportError } from "../transport";
import type { Id, KeyTrust } from "./api";
import type { Context } from "./context";
import type { KeyLogWork } from "./keylog-work";

/** What is new stands in the log within seconds: then it is asked about again. */
const SOON_S = 3;

type Refresh = (person: Id) => Promise<Chain>;

/**
 * The door to the checks of key transparency. Without a policy in the pinned trust (a server without a key log) nothing is
 * asked and nothing is loaded; the proofs' code comes with the first question.
 */
export class KeyLog {
  #work: Promise<KeyLogWork> | null = null;

  constructor(private readonly context: Context) {}

  /**
   * The chains as far as everybody has been shown them: devices of statements that are not in the key log yet are left
   * out, one's own aside. To be asked before adding and before sending; for reading, what a person has signed is enough.
   *
   * Throws `AppError`: `keys_refused` once the server has contradicted itself, `keys_stale` when nothing could be
   * verified for 24 hours or a member's checkpoint was left unanswered for as long, `identity_chain_refused` when
   * somebody's chain is not the one that others are shown.
   */
  async judge(chains: readonly Chain[], refresh: Refresh): Promise<Chain[]> {
    const work = await this.#loaded();
    return work ? work.judge(chains, refresh) : [...chains];
  }

  /** The same where a device that is left out would have to be added: then it is too early, `TransportError("busy")`. */
  async demand(chains: readonly Chain[], refresh: Refresh): Promise<Chain[]> {
    const judged = await this.judge(chains, refresh);
    const less = judged.some((chain, i) => chain.everListed.length < (chains[i]?.everListed.length ?? 0));
    if (less) throw new TransportError("busy", SOON_S);
    return judged;
  }

  /** What an error of the crypto layer means while devices are left out: somebody else added one of them; later. */
  async orLater(error: unknown): Promise<unknown> {
    if (!(error instanceof CryptoError) || error.code !== "device_not_listed") return error;
    const work = await this.#work;
    const early = work?.leavesOut(String(error.detail["person"])) === true;
    return early ? new TransportError("busy", SOON_S) : error;
  }

  /** Own keys: is what everybody is shown what we know? Raises the alarm otherwise. At sign-in and daily. */
  async watchOwn(refresh: Refresh): Promise<void> {
    await (await this.#loaded())?.watchOwn(refresh);
  }

  /** For the authenticated data of a commit: the pinned checkpoint, when there is one. */
  async gossip(): Promise<Pick<Seen, "checkpoint">> {
    const pin = (await this.context.store.get("account", "me"))?.value.keyLog;
    return pin && pin.size > 0 ? { checkpoint: { size: pin.size, root: pin.root } } : {};
  }

  /** Another member's checkpoint: does it belong to the log that we are shown? Kept until that is known. */
  async heard(checkpoint: NonNullable<Seen["checkpoint"]>, person: Id, device: Id): Promise<void> {
    await (await this.#loaded())?.heard(checkpoint, person, device);
  }

  /** Each check's state, for who asks why a device list can be trusted; null without a key log. */
  async describe(persons: readonly Id[]): Promise<KeyTrust | null> {
    return (await (await this.#loaded())?.describe(persons)) ?? null;
  }

  async #loaded(): Promise<KeyLogWork | null> {
    if (this.#work) return this.#work;
    const policy = (await this.context.store.get("account", "me"))?.value.trust.keyLog;
    if (policy === undefined) return null;
    this.#work ??= this.#load(policy).catch((error: unknown) => {
      this.#work = null;
      throw error;
    });
    return this.#work;
  }

  async #load(policy: string): Promise<KeyLogWork> {
    const { KeyLogWork } = await import("./keylog-work");
    return new KeyLogWork(this.context, policy);
  }
}
