import { type AccountRecord, Batch, type Store } from "../store";
import { PollSocket, Socket } from "../transport";
import { Announcer } from "./announce";
import type { ConnectionState, Id, PersonCard } from "./api";
import { AppError } from "./api";
import { fromAnswer, rememberConversation } from "./catchup";
import { Composer } from "./composer";
import { Context } from "./context";
import { ConversationList } from "./conversations";
import { Drafts } from "./drafts";
import { keysOf, type Shared } from "./entering";
import { Identities } from "./identities";
import { Leader } from "./leader";
import { People } from "./people";
import { PairingList } from "./pairings";
import { ReadOnlyWatch } from "./read-only";
import { Value } from "./readable";
import { ResetWatch } from "./reset-watch";
import { DUTIES, ReportList } from "./reports";
import type { Sync } from "./sync";
import { Synced, type SyncedName, type SyncedValue } from "./synced";
import type { Farewell } from "./temporary";
import { HistoryView } from "./transfers";

/** Connecting for longer than this is called offline: the person should not wait for it. */
const PATIENCE_MS = 8_000;

export interface Hooks {
  /** The server ended the session: a new sign-in is needed, or the device was revoked. */
  onSessionEnded: () => void;
  onRolledBack: () => void;
}

/** Everything that lives between unlocking and locking, in one tab. */
export class OpenSession {
  readonly context: Context;
  readonly people: People;
  readonly list: ConversationList;
  readonly composer: Composer;
  readonly drafts: Drafts;
  readonly identities: Identities;
  readonly pairings: PairingList;
  readonly history: HistoryView;
  readonly reports: ReportList;
  readonly resets: ResetWatch;
  /** While the server takes nothing new. */
  readonly readOnly: ReadOnlyWatch;
  /** Only on a temporary device. */
  farewell: Farewell | null = null;
  /** What the server lets this person do beside talking. */
  duties: readonly string[] = [];
  readonly #announcer: Announcer;
  readonly #synced: Synced;
  readonly connection = new Value<ConnectionState>("connecting");
  readonly #leader: Leader;
  #sync: Sync | null = null;
  #patience: ReturnType<typeof setTimeout> | null = null;
  #stopped = false;
  readonly #ends: (() => void)[] = [];

  constructor(
    shared: Shared,
    store: Store,
    account: AccountRecord,
    private readonly hooks: Hooks,
  ) {
    const { env, vault, api, bus, journal } = shared;
    this.readOnly = new ReadOnlyWatch(bus);
    const socket = new Socket({
      url: env.socketUrl,
      open: (url, protocol) => env.openSocket(url, protocol),
      poll: () => new PollSocket({ url: `${env.origin}/poll`, fetch: env.fetch }),
      random: () => env.random(),
      online: () => env.online(),
      onOnlineChange: (run) =>
        env.onLifecycle((event) => {
          if (event === "online" || event === "offline") run(event === "online");
        }),
      onVisibleChange: (run) =>
        env.onLifecycle((event) => {
          if (event === "show" || event === "hide") run(event === "show");
        }),
    });
    const link = this.readOnly.over(socket);
    const { person, device, deviceName, login } = account;
    const temporary = account.kind === "temporary";
    const self = { person, device, deviceName, login, keys: keysOf(account), temporary };
    this.context = new Context(env, store, vault, api, link, bus, journal, self, () => {
      hooks.onRolledBack();
    });
    this.#announcer = new Announcer(this.context);
    this.#synced = new Synced(this.context);
    this.people = new People(this.context, (before, after) => this.#announcer.cardChanged(before, after));
    this.drafts = new Drafts(this.context);
    this.list = new ConversationList(this.context, this.people, this.drafts);
    this.composer = new Composer(this.context);
    this.identities = new Identities(this.context, (before, after) =>
      this.#announcer.chainGrown(before, after),
    );
    this.pairings = new PairingList(this.context);
    this.history = new HistoryView(this.context);
    this.reports = new ReportList(this.context, this.people);
    this.resets = new ResetWatch(this.context, this.#announcer);
    this.#leader = new Leader(
      env,
      () => this.#lead(),
      () => this.#yield(),
    );
  }

  async start(): Promise<void> {
    const { env, bus, link } = this.context;
    if (this.context.self.temporary) {
      const { Farewell } = await import("./temporary");
      this.farewell = new Farewell(this.context, this.identities);
    }
    this.#ends.push(
      this.readOnly.listen(),
      link.onState((state) => {
        if (state.kind === "ready" && !this.context.isOwnDevice(state.ready.device)) {
          // The cookie of somebody else's session: nothing of ours is said on it.
          this.context.journal.note("socket", "another device");
          link.stop();
          this.hooks.onSessionEnded();
          return;
        }
        this.#connectionChanged();
        if (state.kind === "ended") this.hooks.onSessionEnded();
      }),
      bus.listen((notice, own) => {
        if (notice.t === "chain") this.#chainChanged(notice.person);
        if (notice.t === "taken") for (const about of notice.about) this.drafts.taken(about);
        if (notice.t === "connection" && !own && !this.context.leads) this.connection.set(notice.state);
        else if (notice.t === "who-leads" && !own && this.context.leads) this.#tellConnection();
      }),
      env.onLifecycle((event) => {
        if (event === "close") this.farewell?.sayNow();
        else if (event === "hide") this.context.background("draft", this.drafts.flush());
        // A frozen tab that led would keep everybody waiting; a thawed one stands behind the others.
        else if (event === "freeze") void this.#leader.stop();
        else if (event === "resume") this.#leader.start();
        else this.#connectionChanged();
        if (event === "show" && this.context.leads && link.state.kind === "superseded") link.start();
      }),
    );
    await Promise.all([this.list.start(), this.pairings.start(), this.history.start(), this.reports.start()]);
    this.resets.start();
    bus.publish({ t: "who-leads" });
    // What is on this device is shown first: connecting and the crypto worker would slow a weak machine down.
    void env.idle().then(() => {
      if (!this.#stopped) this.#leader.start();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const end of this.#ends.splice(0)) end();
    if (this.#patience) clearTimeout(this.#patience);
    await this.drafts.flush().catch(() => undefined);
    await this.#leader.stop();
    this.list.stop();
    this.pairings.stop();
    this.history.stop();
    this.reports.stop();
    this.resets.stop();
    this.context.store.close();
  }

  /** The server's session is good again: connect at once. */
  reconnect(): void {
    if (this.context.leads) this.context.link.start();
  }

  async openDirect(person: Id): Promise<Id> {
    const { context } = this;
    if (person === context.self.person) throw new AppError("no_partner");
    const rows = await context.store.all("conversations");
    const known = rows.find((row) => row.value.kind === "direct" && row.value.persons.includes(person));
    if (known) {
      await context.store.update("conversations", known.key, (record) =>
        record && !record.openedHere ? { ...record, openedHere: true } : null,
      );
      context.bus.publish({ t: "conversation", conversation: known.value.id });
      return known.value.id;
    }
    const answer = await context.api.openDirect(person);
    const asked = [context.self.person, person].sort().join();
    // Words meant for one person must not go to another.
    if (answer.kind !== "direct" || [...answer.persons].sort().join() !== asked)
      throw new AppError("internal");
    await this.people.card(person);
    await rememberConversation(context, fromAnswer(answer), true);
    return answer.id;
  }

  async markRead(conversation: Id, seq: number): Promise<void> {
    const { store, bus } = this.context;
    const blind = await store.conversation(conversation);
    const before = (await store.get("reads", blind))?.value.readSeq ?? 0;
    if (seq <= before) return;
    await store.update("reads", blind, (record) => (seq > (record?.readSeq ?? 0) ? { readSeq: seq } : null));
    bus.publish({ t: "conversation", conversation });
    bus.publish({ t: "read", conversation });
    await this.#synced.set("read", conversation, seq);
  }

  /** A value that one's other devices hear of. */
  async setSynced<N extends SyncedName>(name: N, about: Id, value: SyncedValue<N>): Promise<void> {
    await this.#synced.set(name, about, value);
    this.context.bus.publish({ t: "conversation", conversation: about });
  }

  /** The own card as the server has it now, which also tells whether the session still holds. */
  async refreshSelf(): Promise<PersonCard> {
    const me = await this.context.api.me();
    this.duties = me.duties;
    // Kept for the leader's tab: only a moderator asks the server about reported messages.
    await this.context.store.commit(new Batch().put("notes", DUTIES, { value: me.duties.join(" ") }));
    if (me.duties.includes("moderator")) this.context.bus.publish({ t: "reports" });
    await this.people.remember([me.person]);
    return me.person;
  }

  async #lead(): Promise<void> {
    // Loaded only by the tab that leads, and after the list is on the screen.
    const { Sync } = await import("./sync");
    await this.context.takeFence();
    if (this.#stopped) return;
    this.#sync = new Sync(this.context, this.people, this.#announcer, () => void this.#leader.pass());
    if (this.farewell) this.context.background("farewell", this.farewell.prepare());
    this.#sync.start();
    this.#connectionChanged();
  }

  async #yield(): Promise<void> {
    const sync = this.#sync;
    this.#sync = null;
    await sync?.stop();
    this.context.dropFence();
  }

  /** Only the leader hears the server; what was fresh here is asked for again. */
  #chainChanged(person: Id | null): void {
    if (person === null) this.identities.forgetFreshness();
    else this.identities.markStale(person);
    // The statement that takes this device out must follow the chain's head.
    const own = person === this.context.self.person;
    if (own && this.farewell) this.context.background("farewell", this.farewell.prepare());
  }

  #connectionChanged(): void {
    if (!this.context.leads) return;
    if (this.#patience) clearTimeout(this.#patience);
    this.#patience = null;
    const { env, link } = this.context;
    const { kind } = link.state;
    if (kind === "connecting" && env.online()) {
      if (this.connection.get() === "online") this.connection.set("connecting");
      this.#patience = setTimeout(() => {
        this.connection.set("offline");
        this.#tellConnection();
      }, PATIENCE_MS);
    } else {
      this.connection.set(kind === "ready" ? "online" : "offline");
    }
    this.#tellConnection();
  }

  #tellConnection(): void {
    this.context.bus.publish({ t: "connection", state: this.connection.get() });
    this.readOnly.tell();
  }
}
