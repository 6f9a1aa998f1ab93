/** Whether a device may be added with the KeyPackage that the server handed out for it. */

import type { KeyPackage } from "ts-mls";
import type { GroupPolicy, Uuid } from "../api";
import { readKeyPackage } from "./key-packages";
import type { Profile } from "./profile";
import type { Roster } from "./roster";
import { demandPerson } from "./tree";

/** @throws CryptoError `person_not_in_conversation`, `key_package_refused`, `suite`, `capabilities` or `device_*`. */
export function demandAddable(
  policy: GroupPolicy,
  newcomer: { person: Uuid; device: Uuid; keyPackage: Uint8Array },
  roster: Roster,
  now: number,
  profile: Profile,
): KeyPackage {
  demandPerson(policy, newcomer);
  const keyPackage = readKeyPackage(newcomer.keyPackage, newcomer, policy.suite, now, profile);
  roster.demandLiving(newcomer.person, newcomer.device, keyPackage.leafNode.signaturePublicKey, now);
  return keyPackage;
}
