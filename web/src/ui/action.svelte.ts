import { errorCode, errorMessage } from "./errors";

/** One thing a person can start: whether it is under way, and the sentence and code of its last refusal. */
export class Action {
  busy = $state(false);
  error = $state("");
  code = $state("");

  /** Run `work` unless it runs already. True when it succeeded; a refusal is kept for the view. */
  async run(work: () => Promise<unknown>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.clear();
    try {
      await work();
      return true;
    } catch (error) {
      this.code = errorCode(error);
      this.error = errorMessage(error);
      return false;
    } finally {
      this.busy = false;
    }
  }

  clear(): void {
    this.error = "";
    this.code = "";
  }
}
