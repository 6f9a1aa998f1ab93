import type { Readable } from "./api";
import type { Shared } from "./entering";
import { toAppError } from "./errors";
import type { OpenSession } from "./open";
import { Value } from "./readable";
import type { Session } from "./session";

/** What every part of the views' door needs: the open session, and failures as `AppError`. */
export abstract class AppBase {
  constructor(
    protected readonly shared: Shared,
    protected readonly holder: Session,
  ) {}

  /** Runs a task over the open session. Rejects with `AppError("not_signed_in")` while there is none. */
  protected use<T>(task: (open: OpenSession) => Promise<T>): Promise<T> {
    return guarded(() => {
      this.holder.used();
      return task(this.holder.opened);
    });
  }

  /** A value of the open session, or `closed` while there is none. */
  protected follow<T>(closed: T, choose: (open: OpenSession) => Readable<T>): Readable<T> {
    const value = new Value(closed);
    let end = (): void => undefined;
    this.holder.current.subscribe((open) => {
      end();
      end = open
        ? choose(open).subscribe((next) => {
            value.set(next);
          })
        : () => undefined;
      if (!open) value.set(closed);
    });
    return value;
  }
}

/** Turns whatever fails below into an `AppError`. */
export async function guarded<T>(task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    throw toAppError(error);
  }
}
