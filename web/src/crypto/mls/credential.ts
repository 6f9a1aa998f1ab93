/** The one credential of a device: basic, `person-uuid/device-uuid`, 73 lower-case ASCII bytes (RFC 9420 §5.3). */

import type { Credential } from "ts-mls";
import type { Uuid } from "../api";
import { equal, parseUuid, utf8, uuidText } from "../bytes";

export interface DeviceIdentity {
  person: Uuid;
  device: Uuid;
}

export const credentialOf = ({ person, device }: DeviceIdentity): Credential => ({
  credentialType: "basic",
  identity: utf8(`${uuidText(person)}/${uuidText(device)}`),
});

/** The identity whose credential is exactly this one, or undefined when there is none. */
export function parseCredential(credential: Credential): DeviceIdentity | undefined {
  if (credential.credentialType !== "basic" || credential.identity.length !== 73) return undefined;
  const text = String.fromCharCode(...credential.identity);
  const person = parseUuid(text.slice(0, 36));
  const device = parseUuid(text.slice(37));
  return text[36] === "/" && person !== undefined && device !== undefined ? { person, device } : undefined;
}

export const equalCredential = (a: Credential, b: Credential): boolean =>
  a.credentialType === "basic" && b.credentialType === "basic" && equal(a.identity, b.identity);
