/** Small words of the records, apart so that no layer above is needed to name them. */

/** Lower-case hyphenated UUID text. */
export type Id = string;

/** A name in Latin and in local script. */
export interface Bilingual {
  latin: string;
  local: string;
}

/** queued → sealed → acked → gone; or failed, until the person tries again or discards. */
export type OutboxPhase = "queued" | "sealed" | "acked" | "failed";
