import { Database, StoreError, Vault } from "../store";
import { Api, Http } from "../transport";
import type { App } from "./api";
import { CoreApp } from "./app";
import { BrokenApp } from "./broken";
import { Bus } from "./bus";
import type { Shared } from "./entering";
import type { Environment } from "./environment";
import { toAppError } from "./errors";
import { Journal } from "./journal";
import { Session } from "./session";
import { Preferences } from "./settings";

/** Starts the core in an environment. Resolves as soon as the state of the session is known. */
export async function startApp(env: Environment): Promise<App> {
  let database: Database;
  try {
    database = await Database.open(env.name, env.idb);
  } catch (error) {
    const newer = error instanceof StoreError && error.code === "newer";
    return new BrokenApp(env, { kind: "broken", reason: newer ? "newer-version" : "storage-failed" });
  }
  return startCore(env, database);
}

/** The same over an open database, with the parts that only tests need. */
export async function startCore(env: Environment, database: Database): Promise<CoreApp> {
  const vault = new Vault(database, env.canary);
  const journal = new Journal(() => env.now());
  const bus = new Bus(env.openChannel(`${env.name}-changes`));
  const api = new Api(new Http({ fetch: env.fetch, origin: env.origin }));
  const shared: Shared = { env, database, vault, api, bus, journal };
  const preferences = new Preferences(vault, env.languages);
  const session = new Session(shared);
  const app = new CoreApp(shared, session, preferences);
  try {
    await preferences.load();
    bus.listen((notice, own) => {
      if (notice.t === "settings" && !own) void preferences.load();
    });
    await session.start();
  } catch (error) {
    journal.note("start", toAppError(error).code);
    session.state.set({ kind: "broken", reason: "storage-failed" });
  }
  return app;
}
