import type { VerifiedOrder } from "../crypto/api";
import { equal, toHex } from "../crypto/bytes";
import type { Chain } from "../crypto/chain";
import { parseOrder, verifyOrder } from "../crypto/orders";
import { type ConversationRecord, type GroupRecord } from "../store";
import { isTransient, TransportError } from "../transport";
import { AppError, type Id } from "./api";
import type { Context } from "./context";
import { cryptoCode } from "./errors";
import type { Identities } from "./identities";
import { idBytes, idText } from "./ids";

/** An order of the directory authority that this device believes. */
export interface KnownOrder {
  order: VerifiedOrder;
  /** A commit of the group has carried it out: it justifies that commit and no other. */
  executed: boolean;
}

/**
 * Whether a commit of the group has carried the order out, or another by the same request to leave: that serves once,
 * for the server could keep it until its person has been taken in again.
 */
export function isDone({ executed }: Pick<GroupRecord, "executed">, order: VerifiedOrder): boolean {
  if (executed.includes(toHex(order.hash))) return true;
  return order.action === "leave" && executed.includes(toHex(order.request));
}

/** What is kept of the orders that a commit has carried out, given their hashes in hex: these, and requests to leave. */
export function carriedOut(orders: readonly KnownOrder[], hashes: readonly string[]): string[] {
  const wishes = orders.flatMap(({ order }) =>
    order.action === "leave" && hashes.includes(toHex(order.hash)) ? [toHex(order.request)] : [],
  );
  return [...hashes, ...wishes];
}

/**
 * Orders of the directory authority for a group: fetched, verified against the pinned root and the person's own chain,
 * and kept in memory. One that does not hold is noted and left out; without a root none holds.
 */
export class Orders {
  readonly #known = new Map<string, KnownOrder[]>();

  constructor(
    private readonly context: Context,
    private readonly identities: Identities,
  ) {}

  /** What has been fetched for the group before. */
  known(group: Pick<GroupRecord, "groupId">): readonly KnownOrder[] {
    return (group.groupId && this.#known.get(toHex(group.groupId))) ?? [];
  }

  /** Orders that nobody has executed yet, as the server has them now. */
  async open(
    record: ConversationRecord,
    group: Pick<GroupRecord, "groupId" | "executed">,
  ): Promise<VerifiedOrder[]> {
    const orders = await this.fetch(record.id, group);
    return orders.flatMap(({ order, executed }) => (executed || isDone(group, order) ? [] : [order]));
  }

  /** Asks the server again; whoever is out already may be refused and must do with what is known. */
  async refetch(conversation: Id, group: Pick<GroupRecord, "groupId">): Promise<readonly KnownOrder[]> {
    try {
      return await this.fetch(conversation, group);
    } catch (error) {
      if (!(error instanceof TransportError) || isTransient(error)) throw error;
      return this.known(group);
    }
  }

  /** Asks the server. Throws `TransportError`. */
  async fetch(conversation: Id, group: Pick<GroupRecord, "groupId">): Promise<readonly KnownOrder[]> {
    const { groupId } = group;
    if (!groupId) return [];
    const { items } = await this.context.link.request("orders_fetch", {
      conversation: idBytes(conversation),
    });
    const before = this.known(group);
    const orders: KnownOrder[] = [];
    for (const { hash, body, executed } of items) {
      const had = before.find(({ order }) => equal(order.hash, hash));
      if (had) orders.push({ order: had.order, executed });
      else {
        const order = await this.#verify(groupId, body, executed);
        if (order && equal(order.hash, hash)) orders.push({ order, executed });
      }
    }
    this.#known.set(toHex(groupId), orders);
    return orders;
  }

  /**
   * `executed`: carried out at some time before it expired, which the server saw to and the commit's place in the log
   * proves; its age is no reason against it any more.
   */
  async #verify(groupId: Uint8Array, body: Uint8Array, executed: boolean): Promise<VerifiedOrder | null> {
    const { context, identities } = this;
    try {
      const { order } = parseOrder(body);
      const root = await identities.trust.root();
      const at = executed ? Math.min(context.now(), order.expiresAt - 1) : context.now();
      const person = await this.#chain(idText(order.person), order.statementHash);
      return await verifyOrder(body, { root, groupId, at, person });
    } catch (error) {
      const code = cryptoCode(error) ?? (error instanceof AppError ? error.code : null);
      if (code === null) throw error;
      context.journal.note("order", code);
      return null;
    }
  }

  /** The person's chain, long enough to hold the statement that the order names. */
  async #chain(person: Id, statement: Uint8Array): Promise<Chain> {
    const known = await this.identities.pinned(person);
    if (known?.statementHashes.some((hash) => equal(hash, statement))) return known;
    return this.identities.refresh(person);
  }
}
