import { AppError, type Id, type Progress } from "./api";
import type { Bus } from "./bus";
import { toAppError } from "./errors";
import { newId } from "./ids";

/** What any tab may ask of the leading one: it alone changes groups. */
export type Errand =
  | { do: "create"; name: string; picture: Uint8Array | null; persons: readonly Id[] }
  | { do: "add"; conversation: Id; persons: readonly Id[] }
  | { do: "remove"; conversation: Id; person: Id }
  | { do: "role"; conversation: Id; person: Id; admin: boolean }
  | { do: "leave"; conversation: Id }
  | { do: "profile"; conversation: Id; name: string | null; picture: Uint8Array | null };

export type ErrandNotice =
  | { t: "errand"; id: Id; errand: Errand }
  /** Somebody is at it; said at once, then at every step and now and then. */
  | { t: "errand-step"; id: Id; progress: Progress | null }
  | { t: "errand-end"; id: Id; result: unknown; refusal: { code: string; retryAfter: number | null } | null };

/** The leader says this often that it is still at it; who hears nothing for `PATIENCE_MS` gives up. */
const BEAT_MS = 5_000;
const PATIENCE_MS = 20_000;

/** Asks the leading tab, which may be this one. Rejects with its `AppError`, or `offline` when no tab answers. */
export function ask(bus: Bus, errand: Errand, onProgress: (progress: Progress) => void): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const id = newId();
    let timer: ReturnType<typeof setTimeout>;
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      end();
      settle();
    };
    const wait = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        finish(() => {
          reject(new AppError("offline"));
        });
      }, PATIENCE_MS);
    };
    const end = bus.listen((notice) => {
      if (notice.t === "errand-step" && notice.id === id) {
        if (notice.progress) onProgress(notice.progress);
        wait();
      } else if (notice.t === "errand-end" && notice.id === id) {
        const { refusal, result } = notice;
        finish(() => {
          if (refusal) reject(new AppError(refusal.code, undefined, refusal.retryAfter));
          else resolve(result);
        });
      }
    });
    wait();
    bus.publish({ t: "errand", id, errand });
  });
}

/** Does an errand in the leading tab and tells whoever asked. */
export async function runErrand(
  bus: Bus,
  id: Id,
  work: (onProgress: (progress: Progress) => void) => Promise<unknown>,
): Promise<void> {
  const step = (progress: Progress | null): void => {
    bus.publish({ t: "errand-step", id, progress });
  };
  step(null);
  const beat = setInterval(() => {
    step(null);
  }, BEAT_MS);
  try {
    const result = await work(step);
    bus.publish({ t: "errand-end", id, result, refusal: null });
  } catch (error) {
    const { code, retryAfter } = toAppError(error);
    bus.publish({ t: "errand-end", id, result: null, refusal: { code, retryAfter } });
  } finally {
    clearInterval(beat);
  }
}
