/**
 * Who may stand in a tree: every device that a person's verified chain ever listed, with the key it was listed with.
 *
 * Membership asks "ever listed?": judging old commits by today's list would stop every client that comes back after a
 * revocation. Revocation and expiry are asked when a device is added and before anything is encrypted.
 */

import type { AuthenticationService } from "ts-mls";
import type { Member, RosterDevice, Uuid } from "../api";
import { equal, toHex, uuidText } from "../bytes";
import { CryptoError, type CryptoErrorCode } from "../errors";
import { parseCredential } from "./credential";

/** Person and device: a device makes its own id, so another person could list the same one to push it out. */
const keyOf = (person: Uuid, device: Uuid): string => toHex(person) + toHex(device);

export class Roster implements AuthenticationService {
  readonly #devices = new Map<string, RosterDevice>();

  constructor(devices: readonly RosterDevice[]) {
    for (const entry of devices) this.#devices.set(keyOf(entry.person, entry.device), entry);
  }

  /** The entry of exactly this person, device and key, or undefined. */
  find(person: Uuid, device: Uuid, signatureKey: Uint8Array): RosterDevice | undefined {
    const entry = this.#devices.get(keyOf(person, device));
    return entry !== undefined && equal(entry.signatureKey, signatureKey) ? entry : undefined;
  }

  /** RFC 9420 §5.3.1, as the library asks it. */
  validateCredential: AuthenticationService["validateCredential"] = (credential, signatureKey) => {
    const identity = parseCredential(credential);
    const known = identity && this.find(identity.person, identity.device, signatureKey);
    return Promise.resolve(known !== undefined);
  };

  /** @throws CryptoError `device_not_listed`, `device_revoked` or `device_expired` at `now`, milliseconds UTC. */
  demandLiving(person: Uuid, device: Uuid, signatureKey: Uint8Array, now: number): void {
    const entry = this.find(person, device, signatureKey);
    const refuse = (code: CryptoErrorCode): never => {
      throw new CryptoError(code, { device: uuidText(device), person: uuidText(person) });
    };
    if (entry === undefined) return refuse("device_not_listed");
    if (entry.revokedAt !== null) refuse("device_revoked");
    if (entry.expiresAt !== null && now >= entry.expiresAt) refuse("device_expired");
  }

  /** Nothing is encrypted while one leaf is revoked, expired or unknown. Throws as `demandLiving`. */
  demandAllLiving(members: readonly Member[], now: number): void {
    for (const { person, device, signatureKey } of members)
      this.demandLiving(person, device, signatureKey, now);
  }
}
