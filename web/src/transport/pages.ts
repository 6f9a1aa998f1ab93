import { MAX_PAGE } from "../wire/frames";

const FIRST = 100;
const LEAST = 10;
/** A page should arrive within about this: short enough that the next request does not wait long behind it. */
const GOOD_MS = 2_000;
const BAD_MS = 8_000;

/**
 * How many envelopes a page may hold, so that it arrives long before its request counts as lost: doubled when a full
 * page came quickly, halved when one took long. A first page of 100 is about 50 kB: ten seconds on the slowest networks.
 */
export class PageSize {
  limit = FIRST;

  /** A page with so many envelopes took so long. */
  took(envelopes: number, milliseconds: number): void {
    if (milliseconds > BAD_MS) this.limit = Math.max(LEAST, this.limit >> 1);
    else if (milliseconds < GOOD_MS && envelopes >= this.limit)
      this.limit = Math.min(MAX_PAGE, this.limit * 2);
  }
}
