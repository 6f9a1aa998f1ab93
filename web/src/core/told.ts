import type { ConversationRecord } from "../store";
import type { Id } from "./api";
import type { Context } from "./context";

/** What is open in a conversation, in the server's own words, and the end of its log when it said so. */
export type Open = Pick<
  ConversationRecord["server"],
  "blocked" | "orders" | "frozenSeq" | "left" | "toldAt" | "generation"
>;

/** What a commit that the log shows has done to what was open. */
export interface Settled {
  /** The commit's place in the log. */
  seq: number;
  /** The epoch that it began. */
  epoch: number;
  /** How many orders it has carried out. */
  executed: number;
}

/**
 * Takes a commit's effect into what the server said. What it said when the commit was in its log already holds that
 * effect, and may hold what was asked for since: answers and events overtake the log, which is read in order.
 */
export function settleServer(
  { server }: Pick<ConversationRecord, "server">,
  { seq, epoch, executed }: Settled,
): void {
  server.epoch = epoch;
  if (seq <= server.toldAt) return;
  server.blocked = false;
  server.orders = Math.max(0, server.orders - executed);
}

/**
 * The same of a begin: a group that has begun has only living leaves, and nobody has asked anything of it. It ends what
 * had stopped the generation before.
 */
export function begunServer(
  { server }: Pick<ConversationRecord, "server">,
  { seq, generation, groupId }: { seq: number; generation: number; groupId: Uint8Array | null },
): void {
  Object.assign(server, { generation, epoch: 1, groupId });
  if (seq > server.toldAt) Object.assign(server, { blocked: false, orders: 0 });
  thaw(server, seq);
}

/** What was stopped by a commit before `seq`, where another generation is in force, is stopped no more. */
export function thaw(server: Pick<Open, "frozenSeq">, seq: number): void {
  if (server.frozenSeq !== null && server.frozenSeq < seq) server.frozenSeq = null;
}

/**
 * Which commit has stopped the group, when the server says `told`. A generation that has begun stops nothing any more; but
 * its begin, which is read only now, is judged by what was so before it (`demandSuccessor`).
 */
export const frozenAt = (
  { generation, server }: Pick<ConversationRecord, "generation" | "server">,
  told: Pick<Open, "generation" | "frozenSeq">,
): number | null =>
  told.frozenSeq ?? (generation > 0 && told.generation > generation ? server.frozenSeq : null);

/**
 * Asks the server what is open. The answer counts unless something else has been heard meanwhile: that may be newer.
 *
 * @throws TransportError
 */
export async function askOpen({ store, api }: Context, conversation: Id): Promise<void> {
  const blind = await store.conversation(conversation);
  const before = (await store.get("conversations", blind))?.value.server;
  const answer = await api.conversation(conversation);
  const { generation, blocked, orders, left } = answer;
  const open: Open = {
    ...{ generation, blocked, orders, left },
    frozenSeq: answer.frozen_seq,
    toldAt: answer.last_seq,
  };
  await store.update("conversations", blind, (record) =>
    record &&
    before &&
    sameOpen(record.server, before) &&
    generation >= before.generation &&
    open.toldAt >= record.cursor
      ? { ...record, server: { ...record.server, ...open, frozenSeq: frozenAt(record, open) } }
      : null,
  );
}

const sameOpen = (a: Open, b: Open): boolean =>
  a.blocked === b.blocked &&
  a.orders === b.orders &&
  a.frozenSeq === b.frozenSeq &&
  a.left === b.left &&
  a.toldAt === b.toldAt &&
  a.generation === b.generation;
