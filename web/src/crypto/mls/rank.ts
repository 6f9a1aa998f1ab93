/**
 * The order in which members act without being asked: ascending HMAC-SHA-256(epoch authenticator, u32 leaf). Everybody
 * computes the same one, it changes with every epoch, and nobody outside the group can choose who comes first.
 */

import { compare, hmacSha256 } from "../bytes";
import { demand } from "../errors";
import { Writer } from "../tls";
import type { Group } from "./state";

/** Place of this device among itself and the leaves of `among`: 0 is first. Throws `removed`. */
export async function rank({ state }: Group, among: readonly number[]): Promise<number> {
  demand(state.groupActiveState.kind === "active", "removed");
  const { epochAuthenticator } = state.keySchedule;
  const drawn = (leaf: number): Promise<Uint8Array> =>
    hmacSha256(epochAuthenticator, new Writer().u32(leaf).bytes);
  const own = state.privatePath.leafIndex;
  const ours = await drawn(own);
  const others = await Promise.all(among.filter((leaf) => leaf !== own).map(drawn));
  return others.filter((other) => compare(other, ours) < 0).length;
}
