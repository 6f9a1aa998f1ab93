/** What the engine's judgement of a commit means for the records. */

import type { Processed } from "../crypto/api";
import type { GroupChange, GroupRecord } from "../store";

/** Refusals of a commit that leave the group as it is: a frame of before, told again, or one that is no commit of it. */
export const HARMLESS: ReadonlySet<string> = new Set(["epoch_old", "epoch_mismatch", "own_frame", "removed"]);
/** Judgements that a newer chain or an order may turn round. */
const DOUBTFUL: ReadonlySet<string> = new Set(["orders_unknown", "membership_refused", "device_not_listed"]);

export const isDoubtful = (result: Processed): boolean =>
  (result.kind === "refused" || result.kind === "waiting") && DOUBTFUL.has(result.code);

export function moveDevices(
  group: GroupRecord,
  { added, removed }: Pick<GroupChange, "added" | "removed">,
): void {
  const stays = group.devices.filter(({ device }) => !removed.some((one) => one.device === device));
  group.devices = [...stays, ...added];
}
