import { decryptSenderData } from "ts-mls/privateMessage.js";
import type { MlsEngine, Suite } from "../../src/crypto/api";
import { toHex } from "../../src/crypto/bytes";
import { ciphersuite, decodeMessage } from "../../src/crypto/mls/library";
import { Roster } from "../../src/crypto/mls/roster";
import { StateCache } from "../../src/crypto/mls/state";
import { APPLICATION, type Envelope } from "../../src/wire/frames";

/**
 * Reads the sender data of every ciphertext that any device ever let out, whether or not the server took it: two
 * different ones with the same (group, epoch, leaf, generation) would be encrypted under one key.
 *
 * The secrets come from the devices themselves: each that encrypts in an epoch shows its state once.
 */
export class Ledger {
  readonly #bodies = new Map<string, Uint8Array>();
  readonly #secrets = new Map<string, { secret: Uint8Array; suite: Suite }>();

  watch(engine: Pick<MlsEngine, "encrypt">): void {
    const encrypt = engine.encrypt.bind(engine);
    engine.encrypt = async (input) => {
      const made = await encrypt(input);
      const { place } = this.#read(made.body);
      if (!this.#secrets.has(place)) {
        const { policy, state } = await new StateCache(1).open(input.state, new Roster([]));
        this.#secrets.set(place, { secret: state.keySchedule.senderDataSecret.slice(), suite: policy.suite });
      }
      return made;
    };
  }

  /** For `ServerDouble.overheard`. */
  hear(tag: string, fields: unknown): void {
    if (tag !== "send") return;
    const { body } = fields as { body: Uint8Array };
    this.#bodies.set(toHex(body.subarray(-64)) + String(body.length), body.slice());
  }

  /** Throws when a generation was used for two ciphertexts; returns how many ciphertexts were read. */
  check(): Promise<number> {
    return this.#check(this.#bodies.values(), false);
  }

  /**
   * For two processes with one database that run at the same time: what the first has just sent may still be on its
   * way when the second reads the log to its end. Nobody but the server can tell then, and it takes only one; that the
   * other does not give away the key is what the reuse guard is for (RFC 9420 section 6.3.2). Throws when the log holds
   * a generation twice, or when two ciphertexts have both the key and the guard in common.
   */
  async checkTwins(log: readonly Envelope[]): Promise<void> {
    const taken = log.filter(({ kind }) => kind === APPLICATION).map(({ body }) => body);
    await this.#check(taken, false);
    await this.#check(this.#bodies.values(), true);
  }

  async #check(bodies: Iterable<Uint8Array>, guarded: boolean): Promise<number> {
    const used = new Map<string, string>();
    for (const body of bodies) {
      const id = toHex(body);
      const { place, message } = this.#read(body);
      const known = this.#secrets.get(place);
      if (!known) throw new Error(`a ciphertext of an epoch in which nobody encrypted: ${place}`);
      const data = await decryptSenderData(message, known.secret, await ciphersuite(known.suite));
      if (!data) throw new Error("sender data that cannot be read");
      const guard = guarded ? `/${toHex(data.reuseGuard)}` : "";
      const key = `${place}/${String(data.leafIndex)}/${String(data.generation)}${guard}`;
      const before = used.get(key);
      if (before !== undefined && before !== id) throw new Error(`a generation was used twice: ${key}`);
      used.set(key, id);
    }
    return used.size;
  }

  #read(body: Uint8Array) {
    const message = decodeMessage(body, 65_536, "frame_malformed");
    if (message.wireformat !== "mls_private_message") throw new Error("not a PrivateMessage");
    const { groupId, epoch } = message.privateMessage;
    return { place: `${toHex(groupId)}/${String(epoch)}`, message: message.privateMessage };
  }
}
