import type { Suite } from "../crypto/api";
import type { GroupDevice } from "../store";
import { TransportError } from "../transport";
import type { Id } from "./api";
import type { Context } from "./context";
import { idBytes } from "./ids";

const PERSONS_AT_ONCE = 100;
const MAX_WAITS = 5;
const DEFAULT_WAIT_S = 20;

export interface Addition {
  person: Uint8Array;
  device: Uint8Array;
  keyPackage: Uint8Array;
}

/**
 * KeyPackages that were claimed for one piece of work. The server gives each out once, so one whose commit lost the race
 * is used in the next attempt; it has been in nobody's tree.
 */
export class Claims {
  readonly #held = new Map<string, Uint8Array>();

  constructor(
    private readonly context: Context,
    private readonly conversation: Id,
  ) {}

  /** The packages of `devices`; those that have none now are left out. Throws `TransportError`. */
  async of(devices: readonly GroupDevice[], suite: Suite): Promise<Addition[]> {
    const key = ({ device }: GroupDevice): string => `${String(suite)}/${device}`;
    const missing = devices.filter((one) => !this.#held.has(key(one)));
    const persons = [...new Set(missing.map(({ person }) => person))];
    for (let at = 0; at < persons.length; at += PERSONS_AT_ONCE) {
      const some = persons.slice(at, at + PERSONS_AT_ONCE);
      const wanted = missing.filter(({ person }) => some.includes(person));
      for (const { person, device, package: body } of await this.#ask(some, wanted, suite))
        if (wanted.some((one) => one.device === device && one.person === person))
          this.#held.set(key({ person, device }), body);
    }
    return devices.flatMap((one) => {
      const keyPackage = this.#held.get(key(one));
      return keyPackage ? [{ person: idBytes(one.person), device: idBytes(one.device), keyPackage }] : [];
    });
  }

  /** A refused package is not offered again. */
  forget(): void {
    this.#held.clear();
  }

  async #ask(persons: readonly Id[], wanted: readonly GroupDevice[], suite: Suite) {
    const devices = wanted.map(({ device }) => device);
    for (let waits = 0; ; waits++) {
      try {
        const input = { persons, suite, conversation: this.conversation, devices };
        return (await this.context.api.claimKeyPackages(input)).packages;
      } catch (error) {
        if (!(error instanceof TransportError)) throw error;
        if (error.code === "no_key_package") return [];
        // A large group is claimed for longer than a minute's allowance.
        if (error.code !== "rate_limited" || waits >= MAX_WAITS) throw error;
        await this.context.sleep((error.retryAfter ?? DEFAULT_WAIT_S) * 1_000);
      }
    }
  }
}
