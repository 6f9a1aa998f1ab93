import type { Diagnostics } from "./api";
import type { Shared } from "./entering";
import type { Session } from "./session";

/** What helps to find a fault: numbers, states and codes. Never content, names or ids. */
export async function describe(shared: Shared, session: Session): Promise<Diagnostics> {
  const lines: { label: string; value: string }[] = [];
  const add = (label: string, value: string | number | boolean): void => {
    lines.push({ label, value: String(value) });
  };
  add("session", session.state.get().kind);
  add("time", new Date(shared.env.now()).toISOString());
  const open = session.current.get();
  if (open) {
    const { store, link, leads } = open.context;
    add("connection", open.connection.get());
    add("socket", link.state.kind);
    add("leader", leads);
    const conversations = (await store.all("conversations")).map((row) => row.value);
    add("conversations", conversations.length);
    add(
      "envelopes applied",
      conversations.reduce((sum, one) => sum + one.cursor, 0),
    );
    add(
      "envelopes behind",
      conversations.reduce((sum, one) => sum + Math.max(0, one.server.lastSeq - one.cursor), 0),
    );
    add(
      "waiting messages",
      conversations.reduce((sum, one) => sum + one.waiting.length, 0),
    );
    add("blocked conversations", conversations.filter((one) => one.server.blocked).length);
    add("outbox", await store.count("outbox"));
    add("Welcomes not yet used", await store.count("mail"));
    add("KeyPackages here", await store.count("keyPackages"));
    add("identity alarms", await open.identities.alarms());
  }
  return { lines: [...lines, ...shared.journal.lines()] };
}
