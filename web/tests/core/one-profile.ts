/** One browser profile without a network, made anew for each test: a person whose vault is here. */

import { afterEach, beforeEach } from "vitest";
import type { PersonCard } from "../../src/core/api";
import type { CoreApp } from "../../src/core/app";
import { Bus } from "../../src/core/bus";
import { NO_TRUST } from "../../src/core/trust";
import { rememberConversation } from "../../src/core/catchup";
import type { Context } from "../../src/core/context";
import { register } from "../../src/core/entering";
import type { Environment } from "../../src/core/environment";
import { idBytes, newId } from "../../src/core/ids";
import { Journal } from "../../src/core/journal";
import { Database, Vault } from "../../src/store";
import { Api, Http } from "../../src/transport";
import { Profile, Tab } from "./node";

export let profile: Profile;
export let apps: CoreApp[];
export let person: string;
export let dataKey: CryptoKey;
export const partner = newId();
export const conversation = newId();

export const closed = () => {
  throw new TypeError("no network in this test");
};

export const environment = (tab: Tab): Environment =>
  tab.environment({ fetch: () => Promise.reject(new TypeError("offline")), openSocket: closed });

export async function openTab(): Promise<{ tab: Tab; app: CoreApp }> {
  const tab = new Tab(profile);
  tab.setOnline(false);
  const app = (await tab.start({ ...environment(tab), online: () => false })) as CoreApp;
  apps.push(app);
  return { tab, app };
}

/** Everything that `register` wants of somebody who was just let in; the data key is `dataKey`. */
export async function applicant(login: string, card: PersonCard | null = null) {
  const env = environment(new Tab(profile));
  const database = await Database.open(env.name, env.idb);
  const vault = new Vault(database, env.canary);
  const api = new Api(new Http({ fetch: env.fetch, origin: "" }));
  const shared = { env, database, vault, api, bus: new Bus(null), journal: new Journal(() => 0) };
  dataKey = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  const wrapped = {
    version: 1 as const,
    salt: new Uint8Array(16),
    deviceRandom: new Uint8Array(32),
    nonce: new Uint8Array(12),
    wrapped: new Uint8Array(48),
  };
  const candidate = {
    person,
    login,
    name: { latin: login, local: "" },
    card,
    device: newId(),
    deviceName: "Node",
    keys: await env.engine.generateDeviceKeys({ person: idBytes(person), device: idBytes(newId()) }),
    wrapped,
    dataKey,
    statements: [],
    trust: NO_TRUST,
    kind: "regular" as const,
    expiresAt: null,
  };
  return { shared, candidate };
}

/** A person whose vault is here and whose handle is fresh, as right after an activation. */
async function settle(): Promise<void> {
  const name = { latin: "Ayesha", local: "عائشہ" };
  const card = { id: person, name, post: name, unit: name, ministry: name, activated: true, active: true };
  const { shared, candidate } = await applicant("ayesha", card);
  const device = { id: candidate.device, name: "Node" };
  const me = { person: card, login: "ayesha", device, salt: new Uint8Array(16), server_time: 1, duties: [] };
  const { store } = await register(shared, { ...candidate, name }, () => Promise.resolve(me));
  await shared.vault.keepHandle(dataKey, shared.env.now());
  store.close();
  shared.database.close();
}

/** An empty profile, and somebody who has nothing in it yet. */
export function newcomer(): void {
  profile = new Profile("http://nowhere");
  person = newId();
}

beforeEach(async () => {
  newcomer();
  apps = [];
  await settle();
});

afterEach(async () => {
  await Promise.all(apps.map((app) => app.dispose()));
});

export const context = (app: CoreApp) =>
  (app as unknown as { holder: { opened: { context: Context } } }).holder.opened.context;

export async function makeConversation(app: CoreApp): Promise<void> {
  const view = { id: conversation, kind: "direct" as const, persons: [person, partner].sort() };
  const server = {
    lastSeq: 0,
    generation: 0,
    epoch: 0,
    groupId: null,
    blocked: false,
    orders: 0,
    frozenSeq: null,
    left: false,
  };
  await rememberConversation(context(app), { ...view, ...server }, true);
}
