import { StoreError } from "../store";
import { retryAfter, TransportError } from "../transport";
import { type Event, MAX_CURSORS } from "../wire/frames";
import type { Id } from "./api";
import type { Announcer } from "./announce";
import { Begins } from "./begins";
import { CatchingUp, fromState } from "./catchup";
import { Commits } from "./commits";
import { Composer } from "./composer";
import type { Context } from "./context";
import { cryptoCode, passes, RolledBack } from "./errors";
import { Devices } from "./devices";
import { runErrand } from "./errands";
import { GroupActions } from "./group-actions";
import { Groups } from "./groups";
import { Identities, listsDevice } from "./identities";
import { idBytes, idText } from "./ids";
import { Joins } from "./joins";
import { KeyPackages } from "./keypackages";
import { Log } from "./log";
import { Mailbox } from "./mailbox";
import { Orders } from "./orders";
import { Outbox } from "./outbox";
import { Pendings, readView } from "./pending";
import type { People } from "./people";
import { Receipts } from "./receipts";
import { Restore } from "./restore";
import { putOut } from "./standing";
import { Typing } from "./typing";

const RETRY_MS = 3_000;
/** Conversations that are read at the same time after connecting: on a slow network most of a short page is waiting. */
const READERS = 4;
/** Conversations whose slots are fetched at once after connecting; the rest when they are opened. */
const SLOTS_AT_START = 50;

/**
 * What the leading tab does: keeps this device's copy of every log at its end, sends what waits, tells who has read.
 *
 * There is no global order and none is needed: on every connection the device names its cursors, the server names the
 * conversations that are ahead, and each is fetched from its cursor. Events may repeat or overtake pages; `Log` goes by
 * seq. So whatever was lost with a connection or a process comes again.
 */
export class Sync {
  readonly identities: Identities;
  readonly groups: Groups;
  readonly #mailbox: Mailbox;
  readonly #log: Log;
  readonly #catching: CatchingUp;
  readonly #outbox: Outbox;
  readonly #receipts: Receipts;
  readonly #typing: Typing;
  readonly #keyPackages: KeyPackages;
  readonly #devices: Devices;
  readonly #restore: Restore;
  readonly #actions: GroupActions;
  readonly #ends: (() => void)[] = [];
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #running = false;
  /** Conversations whose log has been read to its end since the link last changed. */
  readonly #current = new Set<Id>();
  /** Grows with every change of the link: what was read to its end before may have gone on since. */
  #link = 0;
  /** Grows with every connection: what an older one began must not go on. */
  #connection = 0;

  constructor(
    private readonly context: Context,
    people: People,
    announcer: Announcer,
    /** Called when another tab has taken the lead. */
    private readonly onFenced: () => void,
  ) {
    const catchUp = (conversation: Id): Promise<void> => this.catchUp(conversation);
    const identities = new Identities(context, (before, after) => announcer.chainGrown(before, after));
    this.identities = identities;
    this.#mailbox = new Mailbox(context);
    const orders = new Orders(context, identities);
    this.#log = new Log(context, identities, new Joins(context, identities, this.#mailbox), orders);
    this.#catching = new CatchingUp(context, this.#log, this.#mailbox, people, (conversation) => {
      this.#guard("restore", () => this.#giveBack(conversation));
    });
    const pendings = new Pendings(context, catchUp);
    const flush = (conversation: Id): Promise<void> => this.#outbox.flush(conversation);
    const commits = new Commits(context, identities, orders, pendings, flush, catchUp);
    const begins = new Begins(context, identities, pendings);
    this.#keyPackages = new KeyPackages(context);
    const findable = (): Promise<void> => this.#keyPackages.begin();
    this.groups = new Groups(context, identities, pendings, commits, begins, catchUp, findable);
    const current = (conversation: Id): boolean => this.#current.has(conversation);
    this.#outbox = new Outbox(context, this.groups, identities, catchUp, current);
    this.#restore = new Restore(context, identities);
    this.#actions = new GroupActions(context, this.groups, new Composer(context));
    this.#devices = new Devices(context, people, identities, announcer, {
      admitOwn: (conversation) => this.groups.attend(conversation),
      ensure: (conversation) => this.groups.ensure(conversation),
      askIn: (conversation) => this.groups.askIn(conversation),
    });
    this.#receipts = new Receipts(context);
    this.#typing = new Typing(context);
  }

  start(): void {
    const { link, bus } = this.context;
    this.#running = true;
    this.#ends.push(
      link.onState((state) => {
        this.#link += 1;
        this.#current.clear();
        if (state.kind === "ready") this.#guard("resume", () => this.#resume());
      }),
      link.onEvent((event) => {
        this.#guard(event.t, () => this.#event(event));
      }),
      bus.listen((notice) => {
        if (notice.t === "outbox") {
          this.#typing.stopped(notice.conversation);
          this.#guard("outbox", () => this.#outbox.poke(notice.conversation));
        } else if (notice.t === "read") this.#guard("read", () => this.#receipts.poke(notice.conversation));
        else if (notice.t === "slots") this.#guard("slots", () => this.#receipts.fetch(notice.conversation));
        else if (notice.t === "errand") {
          const { id, errand } = notice;
          this.#guard("errand", () => runErrand(bus, id, (told) => this.#actions.do(errand, told)));
        } else if (notice.t === "typing-out") this.#typing.pressed(notice.conversation);
      }),
    );
    this.#devices.start();
    link.start();
  }

  /** Ends everything and waits until the last transaction has ended. */
  async stop(): Promise<void> {
    this.#running = false;
    this.#connection += 1;
    for (const end of this.#ends.splice(0)) end();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#outbox.stop();
    this.#receipts.stop();
    this.#typing.stop();
    this.#devices.stop();
    this.context.link.stop();
    await this.context.senders.settled();
    await this.context.lanes.settled();
  }

  /** Applies the conversation's log to its end. Throws `TransportError` when the connection does not allow it. */
  async catchUp(conversation: Id): Promise<void> {
    const link = this.#link;
    const moved = await this.context.lanes.run(conversation, () => this.#catching.toEnd(conversation));
    if (link === this.#link) this.#current.add(conversation);
    if (moved) await this.#applied(conversation);
  }

  async #resume(): Promise<void> {
    const { context } = this;
    const connection = ++this.#connection;
    this.identities.forgetFreshness();
    this.groups.forgetAsked();
    const stored = await context.store.all("conversations");
    const recent = stored.map((row) => row.value).sort((a, b) => b.at - a.at);
    const account = await context.store.get("account", "me");
    const mailbox = account?.value.mailbox ?? 0;
    const behind = await context.link.request("resume", {
      cursors: recent
        .slice(0, MAX_CURSORS)
        .map(({ id, cursor }) => ({ conversation: idBytes(id), seq: cursor })),
      mailbox,
    });
    for (const { id, cursor } of recent) if (cursor > 0) this.#receipts.stored(id, cursor);
    const views = behind.conversations.map(fromState);
    // All at once: what an event tells while they are written must come after them.
    const learning = views.map((view) =>
      this.#catching.learn(view).catch((error: unknown) => this.#failed("learn", error, view.id)),
    );
    await Promise.all(learning);
    const cursors = new Map(recent.map(({ id, cursor }) => [id, cursor]));
    const shorter = views.filter(({ id, lastSeq, left }) => !left && lastSeq < (cursors.get(id) ?? 0));
    for (const { id } of shorter) this.#guard("restore", () => this.#giveBack(id));
    if (behind.mailbox > mailbox) await this.#mailbox.fetch();
    // Before anything below asks others to let this device in. A failure is judged where it is tried again, below.
    await this.#keyPackages.begin().catch(() => undefined);
    const order = [...recent.map(({ id }) => id), ...views.map(({ id }) => id)];
    const waiting = new Set(await this.#outbox.waiting());
    const ahead = new Set([...views.map(({ id }) => id), ...waiting]);
    // Where something is on its way, the log is read before anything leaves again: it may have arrived.
    const due = [...new Set(order)].filter((id) => ahead.has(id));
    const reader = async (): Promise<void> => {
      for (let id = due.shift(); id !== undefined; id = due.shift()) {
        if (connection !== this.#connection) return;
        const read = id;
        await this.catchUp(read).catch((error: unknown) => this.#failed("catch up", error, read));
      }
    };
    await Promise.all(Array.from({ length: READERS }, reader));
    if (connection !== this.#connection) return;
    for (const id of waiting) this.#guard("outbox", () => this.#outbox.poke(id));
    this.#guard("key packages", () => this.#keyPackages.maintain());
    this.#guard("prune", () => this.#restore.prune());
    this.#devices.resumed();
    this.#guard("after resume", () => this.#afterResume(connection));
  }

  /** The server's log ends before ours: it was restored to an older point. */
  async #giveBack(conversation: Id): Promise<void> {
    await this.context.lanes.run(conversation, () => this.#restore.run(conversation));
    this.#guard("outbox", () => this.#outbox.poke(conversation));
  }

  /** What may wait until messages have come and gone: read positions, waiting messages, successors. */
  async #afterResume(connection: number): Promise<void> {
    const { context } = this;
    const rows = (await context.store.all("conversations")).sort((a, b) => b.value.at - a.value.at);
    for (const [index, { key, value }] of rows.entries()) {
      if (connection !== this.#connection) return;
      if (value.waiting.length > 0) await context.lanes.run(value.id, () => this.#log.retryWaiting(key));
      if (value.generation > 0 && index < SLOTS_AT_START) await this.#receipts.fetch(value.id);
      await this.#receipts.poke(value.id);
      // One after the other: a device that replaced another begins a successor wherever the old one was.
      await this.#see(value.id, true).catch((error: unknown) => this.#failed("attend", error, null));
    }
  }

  async #event(event: Event): Promise<void> {
    switch (event.t) {
      case "envelopes": {
        const conversation = idText(event.conversation);
        await this.context.lanes.run(conversation, async () => {
          const blind = await this.context.store.conversation(conversation);
          if (!(await this.#log.apply(blind, event.envelopes))) await this.#catching.toEnd(conversation);
        });
        await this.#applied(conversation);
        return;
      }
      case "mail_waiting":
        for (const conversation of await this.#mailbox.fetch()) await this.catchUp(conversation);
        return;
      case "conversation_changed": {
        const view = fromState(event.state);
        await this.#catching.learn(view);
        await this.catchUp(view.id);
        this.#guard("outbox", () => this.#outbox.poke(view.id));
        this.#guard("attend", () => this.#see(view.id));
        return;
      }
      case "invited_ready": {
        const person = idText(event.person);
        this.identities.markStale(person);
        await this.groups.admitInvited(idText(event.conversation), person);
        return;
      }
      case "slot_changed":
        await this.#receipts.slot(idText(event.conversation), event.slot);
        return;
      case "typing_event":
        await this.#typing.received(event);
        return;
      case "delivered":
        await this.#receipts.delivered(idText(event.conversation), event.mark);
        return;
      case "identity_changed":
        await this.#identityChanged(idText(event.person));
        await this.#devices.event(event);
        return;
      default:
        await this.#devices.event(event);
    }
  }

  async #identityChanged(person: Id): Promise<void> {
    const { context } = this;
    this.identities.markStale(person);
    // At once: nobody may compare a number of before.
    context.bus.publish({ t: "chain", person });
    if (person === context.self.person) context.ownChainGrew = true;
    const chain = await this.identities.refresh(person);
    if (person === context.self.person) context.ownChainGrew = !listsDevice(chain, context.self.device);
    for (const { key, value } of await context.store.all("conversations")) {
      if (!value.persons.includes(person)) continue;
      await context.lanes.run(value.id, () => this.#log.retryWaiting(key));
      this.#guard("outbox", () => this.#outbox.poke(value.id));
    }
  }

  /** After the log has moved: acknowledge, renew our read position in a new epoch, go on with what waits. */
  async #applied(conversation: Id): Promise<void> {
    const { store } = this.context;
    const stored = await store.get("conversations", await store.conversation(conversation));
    if (!stored) return;
    this.#receipts.stored(conversation, stored.value.cursor);
    this.#guard("read", () => this.#receipts.poke(conversation));
    this.#guard("attend", () => this.#see(conversation));
    const waiting = await store.range("outbox", { group: stored.key });
    if (waiting.some((row) => row.value.phase === "queued"))
      this.#guard("outbox", () => this.#outbox.poke(conversation));
  }

  /** Does what the group needs and nobody asked for, where there is a sign that it needs something. */
  async #see(conversation: Id, resumed = false): Promise<void> {
    const { record, group } = await readView(this.context, conversation);
    const { server, standing } = record;
    if (record.generation === 0 && !(resumed && (await this.groups.pendings.find(conversation)))) return;
    if (standing === "in" && server.left && record.cursor >= server.lastSeq) {
      const left = this.groups.leaving.has(conversation);
      await this.context.lanes.run(conversation, () => putOut(this.context, conversation, left));
      return;
    }
    // A temporary device is let into what it opens (`Devices`) and into nothing else.
    if (this.context.self.temporary && !group?.state) return;
    const open = server.blocked || server.orders > 0 || server.frozenSeq !== null || standing === "waiting";
    const own =
      (group?.broken ?? null) !== null ||
      (resumed && (await this.groups.pendings.find(conversation)) !== null);
    if (open || own) await this.groups.attend(conversation);
  }

  /** Runs a task nobody waits for; its failure is judged here. */
  #guard(label: string, task: () => Promise<unknown>): void {
    if (!this.#running) return;
    task().catch((error: unknown) => {
      this.#failed(label, error, null, task);
    });
  }

  #failed(label: string, error: unknown, conversation: Id | null, task?: () => Promise<unknown>): void {
    if (!this.#running) return;
    const { context } = this;
    if (error instanceof RolledBack) {
      context.onRolledBack();
      return;
    }
    if (error instanceof StoreError && error.code === "fenced") {
      this.onFenced();
      return;
    }
    const code =
      error instanceof TransportError || error instanceof StoreError
        ? error.code
        : (cryptoCode(error) ?? "failed");
    context.journal.note(label, code);
    // Without a connection the next resume does it all again; with one, this failed alone.
    if (!passes(error) || context.link.state.kind !== "ready") return;
    const wait = (retryAfter(error) ?? 0) * 1_000 || RETRY_MS * (1 + context.env.random());
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      // A row that somebody else has written says nothing of the connection: only this one thing is done again.
      if (error instanceof StoreError && task) this.#guard(label, task);
      else this.#guard("again", () => (conversation === null ? this.#resume() : this.catchUp(conversation)));
    }, wait);
    this.#timers.add(timer);
  }
}
