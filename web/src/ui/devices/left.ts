/** How long a reset still waits, in words. */
import { t } from "../../i18n/index.svelte";
import { number } from "../format";

/** Milliseconds. */
const hour = 3_600_000;
/** Up to this many hours they are counted; whoever has more is told whole days that they really have. */
const counted = 72;

/** `earliest` and `now` in milliseconds. */
export function timeLeft(earliest: number, now: number): string {
  const rest = earliest - now;
  if (rest <= 0) return t("reset-left-none");
  const hours = Math.ceil(rest / hour);
  const count = hours <= counted ? hours : Math.floor(rest / (24 * hour));
  return t(hours <= counted ? "reset-left-hours" : "reset-left-days", { count, shown: number(count) });
}
