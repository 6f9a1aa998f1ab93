import { equal } from "../crypto/bytes";
import { type SafetyParty, safetyNumber, safetyQr } from "../crypto/safety";
import { AppError, type Id, type SafetyNumber } from "./api";
import type { Context } from "./context";
import type { Identities } from "./identities";
import { idBytes } from "./ids";
import { qrBytes, qrText } from "./qr";
import { readSynced, Synced } from "./synced";

/**
 * Safety numbers: what two people compare to know that no server stands between them. They are made of each side's
 * latest statement 1 or reset, so they stay the same while devices come and go. The mark "verified" keeps the base that
 * was compared: another base later is seen, whoever made it.
 */
export class Safety {
  readonly #synced: Synced;

  constructor(
    private readonly context: Context,
    private readonly identities: Identities,
  ) {
    this.#synced = new Synced(context);
  }

  async number(person: Id): Promise<SafetyNumber> {
    const [own, other] = await this.#parties(person);
    const mark = await readSynced(this.context.store, "verified", person);
    const verified = equal(mark, other.base);
    const groups = await safetyNumber(own, other);
    const qr = qrText("safety", safetyQr(own, other));
    return { groups, qr, verified, changed: mark.length > 0 && !verified };
  }

  async setVerified(person: Id, verified: boolean): Promise<void> {
    const [, other] = await this.#parties(person);
    await this.#synced.set("verified", person, verified ? other.base : new Uint8Array());
    this.context.bus.publish({ t: "taken", about: [person] });
  }

  /**
   * True when the text is the QR of this pair; then the person is marked as verified. Throws
   * `AppError("safety_malformed")` for what is no such code, or only a part of one: that says nothing about the other
   * side, and must frighten nobody.
   */
  async check(person: Id, text: string): Promise<boolean> {
    const [own, other] = await this.#parties(person);
    const expected = safetyQr(own, other);
    const shown = qrBytes("safety", text);
    if (shown?.length !== expected.length) throw new AppError("safety_malformed");
    if (!equal(shown, expected)) return false;
    await this.setVerified(person, true);
    return true;
  }

  async #parties(person: Id): Promise<[SafetyParty, SafetyParty]> {
    const { self } = this.context;
    if (person === self.person) throw new AppError("no_partner");
    const party = async (id: Id): Promise<SafetyParty> => ({
      person: idBytes(id),
      base: await this.identities.base(id),
    });
    return [await party(self.person), await party(person)];
  }
}
