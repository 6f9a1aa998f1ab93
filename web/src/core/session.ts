import { Store, StoreError } from "../store";
import { TransportError } from "../transport";
import { AppError, type Me, type SessionState } from "./api";
import type { Entered, Shared } from "./entering";
import { toAppError } from "./errors";
import { OpenSession } from "./open";
import { Value } from "./readable";

/** The handle's last use is written at most this often. */
const TOUCH_MS = 60_000;
const CHECK_MS = 30_000;

/**
 * Whether somebody is signed in here, and whether their vault is open.
 *
 * The data key lives in this process while the session is open, and as a handle that no script can export in the
 * database for at most 12 h after the last use, so that a cold start asks for nothing. `lock` deletes the handle and
 * drops the key; only the passphrase brings it back.
 */
export class Session {
  readonly state = new Value<SessionState>({ kind: "starting" });
  readonly current = new Value<OpenSession | null>(null);
  #touched = 0;
  #opening: Promise<void> = Promise.resolve();
  readonly #timer: ReturnType<typeof setInterval>;

  /** Where the session lives: the browser's profile, or memory alone for a temporary device. */
  private shared: Shared;

  constructor(private readonly profile: Shared) {
    this.shared = profile;
    this.#timer = setInterval(() => void this.#checkHandle(), CHECK_MS);
    profile.bus.listen((notice, own) => {
      // Other tabs speak of the profile; a temporary session is in this tab alone.
      if (own || this.temporary) return;
      if (notice.t === "session") void this.#otherTab(notice.change);
      else if (notice.t === "revoked") void this.#end({ kind: "revoked", reason: notice.reason });
      else if (notice.t === "rolled-back") void this.#end({ kind: "broken", reason: "rolled-back" });
    });
  }

  async start(): Promise<void> {
    const { vault, env } = this.shared;
    const health = await vault.health();
    if (health === "evicted" || health === "rolled-back") {
      this.state.set({ kind: "broken", reason: health });
      return;
    }
    const handle = await vault.handle(env.now());
    const row = await vault.read();
    // A reset that officers still have to sign opens nothing yet.
    if (handle && row && row.reset === null) {
      try {
        await this.open(handle);
        return;
      } catch (error) {
        if (!(error instanceof StoreError) || error.code !== "unreadable") throw error;
        await vault.dropHandle();
      }
    }
    await this.#showClosed();
  }

  /** The open session. Throws `AppError("not_signed_in")` while locked or signed out. */
  get opened(): OpenSession {
    const current = this.current.get();
    if (!current) throw new AppError("not_signed_in");
    return current;
  }

  async unlock(passphrase: string): Promise<void> {
    const { vault, env } = this.shared;
    const row = await vault.read();
    if (!row) throw new AppError("not_signed_in");
    const { dataKey } = await env.engine.openVault({ passphrase, vault: row.wrapped });
    if (row.reset) {
      await vault.keepHandle(dataKey, env.now());
      const { Reset } = await import("./reset");
      await this.enter(await new Reset(this.shared).finish(dataKey));
      return;
    }
    await this.open(dataKey, true);
    this.shared.bus.publish({ t: "session", change: "opened" });
  }

  /** After a sign-in, an activation, a replacement, an approval or a reset. `shared`: where a temporary device lives. */
  async enter(entered: Entered, shared: Shared = this.profile): Promise<void> {
    entered.store.close();
    await this.#close();
    this.shared = shared;
    await this.open(entered.dataKey, true);
    this.shared.bus.publish({ t: "session", change: "opened" });
  }

  /** Opens the vault with its data key; several calls open it once. `keep`: the passphrase was typed just now. */
  open(dataKey: CryptoKey, keep = false): Promise<void> {
    this.#opening = this.#opening.catch(() => undefined).then(() => this.#open(dataKey, keep));
    return this.#opening;
  }

  async lock(): Promise<void> {
    const { vault, bus } = this.shared;
    // The handle first: whatever happens now, a cold start asks for the passphrase.
    await vault.dropHandle();
    bus.publish({ t: "session", change: "locked" });
    // What is being opened right now would bring the handle back.
    await this.#opening.catch(() => undefined);
    await vault.dropHandle();
    await this.#close(() => this.#showClosed());
    bus.publish({ t: "session", change: "locked" });
  }

  /** Erases everything of this person here. Used for signing out and after `revoked` and `broken`. */
  async erase(): Promise<void> {
    const { vault, bus, database } = this.shared;
    const { temporary } = this;
    // On a shared computer not even the login stays.
    const login = temporary ? "" : ((await vault.read())?.login ?? "");
    await this.#close();
    await vault.erase();
    if (temporary) {
      await database.destroy();
      bus.close();
      this.shared = this.profile;
    }
    this.state.set({ kind: "signed-out", login });
    bus.publish({ t: "session", change: "erased" });
  }

  /** True while the session lives in memory alone. */
  get temporary(): boolean {
    return this.shared !== this.profile;
  }

  /** A temporary device takes itself out of its person's chain while its session still holds. */
  async farewell(): Promise<void> {
    const { journal } = this.shared;
    await this.current
      .get()
      ?.farewell?.say()
      .catch((error: unknown) => {
        journal.note("farewell", toAppError(error).code);
      });
  }

  /** Somebody did something: the 12 hours begin anew. */
  used(): void {
    const { vault, env, journal } = this.shared;
    const now = env.now();
    if (!this.current.get() || now - this.#touched < TOUCH_MS) return;
    this.#touched = now;
    vault.touch(now).then(
      () => {
        this.shared.bus.publish({ t: "used" });
      },
      () => {
        journal.note("vault", "not touched");
      },
    );
  }

  async dispose(): Promise<void> {
    clearInterval(this.#timer);
    await this.#close();
    for (const shared of new Set([this.shared, this.profile])) {
      shared.database.close();
      shared.bus.close();
    }
  }

  async #open(dataKey: CryptoKey, keep: boolean): Promise<void> {
    if (this.current.get()) return;
    const { shared } = this;
    const { vault, database, env } = shared;
    const store = await Store.open(database, vault, dataKey);
    const account = await store.get("account", "me");
    if (!account) throw new AppError("storage_failed");
    const opened = new OpenSession(shared, store, account.value, {
      onSessionEnded: () => void this.#sessionEnded(),
      onRolledBack: () => {
        shared.bus.publish({ t: "rolled-back" });
        void this.#end({ kind: "broken", reason: "rolled-back" });
      },
    });
    // From a handle, only its time moves: a lock in another tab meanwhile has deleted it, and that holds.
    await (keep ? vault.keepHandle(dataKey, env.now()) : vault.touch(env.now()));
    this.#touched = env.now();
    await opened.start();
    this.current.set(opened);
    if ((await vault.handle(env.now())) === null) {
      await this.#close(() => this.#showClosed());
      return;
    }
    await this.#showOpen(opened);
    // The directory may have a new name, post or duty for us.
    opened.context.background(
      "self",
      opened.refreshSelf().then(() => this.#showOpen(opened)),
    );
  }

  async #showOpen(opened: OpenSession): Promise<void> {
    const { self } = opened.context;
    const row = await this.shared.vault.read();
    const person = await opened.people.known(self.person);
    if (this.current.get() !== opened) return;
    const me: Me = {
      person,
      login: self.login,
      deviceId: self.device,
      deviceName: self.deviceName,
      temporary: self.temporary,
      moderator: opened.duties.includes("moderator"),
    };
    this.state.set({ kind: "open", me, needsSignIn: row?.needsSignIn ?? false });
  }

  async #showClosed(): Promise<void> {
    const row = await this.shared.vault.read();
    if (!row) this.state.set({ kind: "signed-out", login: "" });
    else this.state.set({ kind: "locked", login: row.login, name: row.name, needsSignIn: row.needsSignIn });
  }

  /** `show` runs before the last work has ended: the screen never waits for the network. */
  async #close(show: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    const opened = this.current.get();
    this.current.set(null);
    await show();
    await opened?.stop();
    // Group secrets must not outlive the data key in the worker.
    await this.shared.env.engine.forget();
  }

  async #end(state: SessionState): Promise<void> {
    await this.shared.vault.dropHandle();
    await this.#close();
    this.state.set(state);
  }

  /** The socket was closed with 4401: ask why over HTTP, where the answer has a code. */
  async #sessionEnded(): Promise<void> {
    const { api, vault, bus } = this.shared;
    const opened = this.current.get();
    if (!opened) return;
    let code = "offline";
    try {
      const me = await api.me();
      if (me.device.id === opened.context.self.device) {
        // The session holds: the socket's end was meant for an older one.
        setTimeout(() => {
          if (this.current.get() === opened) opened.reconnect();
        }, 2_000);
        return;
      }
      code = "not_signed_in";
    } catch (error) {
      if (error instanceof TransportError) {
        ({ code } = error);
        const replaced = code === "not_signed_in" && opened.context.ownChainGrew;
        if (code === "device_revoked" || replaced) {
          const reason = error.detail["reason"] === "revoked" ? "revoked" : "replaced";
          bus.publish({ t: "revoked", reason });
          await this.#end({ kind: "revoked", reason });
          return;
        }
      }
    }
    if (code !== "not_signed_in") {
      // Nobody could say; the next connection will.
      setTimeout(() => {
        if (this.current.get() === opened) opened.reconnect();
      }, 5_000);
      return;
    }
    await vault.change({ needsSignIn: true });
    await this.#showOpen(opened);
    bus.publish({ t: "session", change: "changed" });
  }

  async #otherTab(change: "opened" | "locked" | "erased" | "changed"): Promise<void> {
    const { vault, env } = this.shared;
    const opened = this.current.get();
    if (change === "changed" && opened) await this.#showOpen(opened);
    else if (change === "locked" || change === "erased") {
      await this.#close(() => this.#showClosed());
    } else if (change === "opened") {
      const handle = await vault.handle(env.now());
      if (!handle) return;
      // Perhaps another vault altogether: whatever was open here is read again.
      await this.#close();
      await this.open(handle);
    }
  }

  /** The handle never outlives its 12 hours, open tab or not. */
  async #checkHandle(): Promise<void> {
    if (!this.current.get()) return;
    const { vault, env } = this.shared;
    if ((await vault.handle(env.now())) === null) await this.lock();
  }
}
