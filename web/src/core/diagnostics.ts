import { numbered } from "../store";
import type { Diagnostics } from "./api";
import type { Shared } from "./entering";
import type { OpenSession } from "./open";
import type { Session } from "./session";

type GroupLine = Diagnostics["groups"][number];

const HYBRID = 0x0053;

/** What helps to find a fault: numbers, states and codes. Never content, names or keys. */
export async function describe(shared: Shared, session: Session): Promise<Diagnostics> {
  const lines: { label: string; value: string }[] = [];
  const add = (label: string, value: string | number | boolean): void => {
    lines.push({ label, value: String(value) });
  };
  add("session", session.state.get().kind);
  add("time", new Date(shared.env.now()).toISOString());
  const open = session.current.get();
  const groups = open ? await describeGroups(open) : [];
  if (open) {
    const { store, link, leads, self } = open.context;
    const trust = open.identities.trust;
    add("connection", open.connection.get());
    add("socket", link.state.kind);
    if (link.line) {
      const { way, since, roundTrip } = link.line;
      add("connection by", way === "websocket" ? "WebSocket" : "long-poll");
      add("connected since", new Date(since).toISOString());
      add("round trip", roundTrip === null ? "not measured" : `${String(roundTrip)} ms`);
    }
    add("leader", leads);
    add("device", self.temporary ? "temporary" : "regular");
    add("conversations", groups.length);
    add(
      "envelopes applied",
      sum(groups, (one) => one.cursor),
    );
    add(
      "envelopes behind",
      sum(groups, (one) => Math.max(0, one.lastSeq - one.cursor)),
    );
    add(
      "waiting messages",
      sum(groups, (one) => one.waiting),
    );
    const records = (await store.all("conversations")).map((row) => row.value);
    add("blocked conversations", records.filter((one) => one.server.blocked).length);
    add("outbox", await store.count("outbox"));
    add("Welcomes not yet used", await store.count("mail"));
    add("KeyPackages here", await store.count("keyPackages"));
    add("identity alarms", await open.identities.alarms());
    add("directory root", (await trust.alarm()) ?? ((await trust.root()) === null ? "none" : "pinned"));
    const untold = (await store.all("synced")).filter((row) => !row.value.told).length;
    add("values not yet told to own devices", untold);
    for (const { value } of await store.all("transfers"))
      add(`history ${value.role}`, `${value.state}, chunk ${String(value.index)}`);
  }
  const errors = shared.journal.entries();
  return { lines, groups, errors, text: asText(lines, groups, errors) };
}

async function describeGroups({ context }: OpenSession): Promise<GroupLine[]> {
  const { store } = context;
  const rows = await store.all("conversations");
  return Promise.all(
    rows.map(async ({ key, value }) => {
      const { id, kind, generation, cursor, waiting, server, standing } = value;
      const group =
        generation === 0 ? null : ((await store.get("groups", numbered(key, generation)))?.value ?? null);
      return {
        conversation: id,
        kind,
        generation,
        epoch: group?.epoch ?? 0,
        suite: group?.state ? (group.suite === HYBRID ? ("hybrid" as const) : ("classical" as const)) : null,
        devices: group?.devices.length ?? 0,
        cursor,
        lastSeq: server.lastSeq,
        waiting: waiting.length,
        standing: server.frozenSeq === null ? standing : "stopped",
      };
    }),
  );
}

const sum = (groups: readonly GroupLine[], of: (group: GroupLine) => number): number =>
  groups.reduce((total, group) => total + of(group), 0);

/** What "Export" saves. Conversations are numbered: their ids stay here. */
function asText(
  lines: Diagnostics["lines"],
  groups: readonly GroupLine[],
  errors: Diagnostics["errors"],
): string {
  const table = groups.map((group, index) =>
    [
      `#${String(index + 1)}`,
      group.kind,
      `generation ${String(group.generation)}`,
      `epoch ${String(group.epoch)}`,
      group.suite ?? "no group",
      `${String(group.devices)} devices`,
      `at ${String(group.cursor)} of ${String(group.lastSeq)}`,
      `${String(group.waiting)} waiting`,
      group.standing,
    ].join(", "),
  );
  return [
    ...lines.map(({ label, value }) => `${label}: ${value}`),
    "",
    ...table,
    "",
    ...errors.map(({ at, label, code }) => `${new Date(at).toISOString()} ${label}: ${code}`),
    "",
  ].join("\n");
}
