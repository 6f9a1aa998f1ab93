import { errorMessage } from "./errors";

/** Long enough that a word typed at speed is one question, short enough not to be noticed. */
const pause = 150;

/** The answers to what is typed into a search field. To be made during a component's initialisation. */
export class Lookup<T> {
  found = $state.raw<readonly T[] | null>(null);
  error = $state("");

  /**
   * @param query What is typed now; blank asks nothing unless `blank` is set.
   * @param ask Asks for it; an answer to an older question never replaces a newer one's.
   */
  constructor(
    query: () => string,
    ask: (query: string) => Promise<readonly T[]>,
    { blank = false, answered = (_found: readonly T[]): void => undefined } = {},
  ) {
    $effect(() => {
      const words = query().trim();
      if (words === "" && !blank) {
        this.found = null;
        return;
      }
      let stale = false;
      const timer = setTimeout(
        async () => {
          try {
            const found = await ask(words);
            if (stale) return;
            this.found = found;
            this.error = "";
            answered(found);
          } catch (reason) {
            if (!stale) this.error = errorMessage(reason);
          }
        },
        words === "" ? 0 : pause,
      );
      return () => {
        stale = true;
        clearTimeout(timer);
      };
    });
  }
}
