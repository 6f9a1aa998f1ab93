import type { TransportError } from "../transport";
import type { Id } from "./api";
import type { Context } from "./context";

/** A server that would have us wait longer is not believed. */
const WAIT_MOST_S = 30;

/** A place in the line of those whose commits lost an epoch. */
export interface Place {
  generation: number;
  /** When the group is in this epoch, all who are ahead have come. */
  epoch: number;
  /** Milliseconds after which they are waited for no longer. */
  patience: number;
}

/** The place that a refused commit was given; null where the server has given none. */
export function placeOf({ code, detail, retryAfter }: TransportError): Place | null {
  const { generation, epoch, ahead } = detail;
  if (code !== "epoch_conflict" || retryAfter === null) return null;
  if (!isCount(generation) || !isCount(epoch) || !isCount(ahead)) return null;
  return { generation, epoch: epoch + ahead, patience: Math.min(retryAfter, WAIT_MOST_S) * 1_000 };
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** Waits until our turn has come: each of those ahead moves the epoch on by one. */
export async function waitInLine(context: Context, conversation: Id, place: Place): Promise<void> {
  const blind = await context.store.conversation(conversation);
  const isOurs = async (): Promise<boolean> => {
    const server = (await context.store.get("conversations", blind))?.value.server;
    return server?.generation !== place.generation || server.epoch >= place.epoch;
  };
  let end = (): void => undefined;
  const turn = new Promise<void>((resolve, reject) => {
    const look = (): void => {
      isOurs().then((ours) => {
        if (ours) resolve();
      }, reject);
    };
    end = context.bus.listen((notice) => {
      const about = notice.t === "conversation" || notice.t === "messages" ? notice.conversation : null;
      if (about === conversation) look();
    });
    look();
  });
  try {
    await Promise.race([turn, context.sleep(place.patience)]);
  } finally {
    end();
  }
}
