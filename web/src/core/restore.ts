import { envelopeHash, nextTranscript } from "../crypto/transcript";
import type { Context } from "./context";

/** Gives back to a restored server what it has lost. */
export class Restore {
  constructor(private readonly context: Context) {}
}
