/**
 * Why the store refused.
 *
 * - `conflict`: a row changed since it was read; nothing was written. Read again and decide again.
 * - `fenced`: another tab leads now; nothing was written and this tab must stop leading.
 * - `newer`: the database was written by a newer version of Beep.
 * - `unreadable`: a record does not open under the data key: damaged, moved or of another person.
 * - `failed`: the browser's storage failed (quota, disk, private mode).
 * - `closed`: the store was locked, or its vault erased by another tab, while the work was under way.
 */
export type StoreErrorCode = "conflict" | "fenced" | "newer" | "unreadable" | "failed" | "closed";

export class StoreError extends Error {
  override readonly name = "StoreError";

  constructor(
    readonly code: StoreErrorCode,
    message?: string,
    options?: ErrorOptions,
  ) {
    super(message ?? code, options);
  }
}
