import { Batch, named, type Store, type SyncedRecord } from "../store";
import type { Id } from "./api";
import type { Context } from "./context";

/** What the devices of one person agree on, and what stands where nobody has said anything. */
const DEFAULTS = {
  read: 0,
  mute: 0,
  draft: "",
  pin: 0,
  verified: new Uint8Array() as Uint8Array,
};

/** A mute without an end, as it is kept and told: infinity has no spelling on the wire. */
const FOREVER = Number.MAX_SAFE_INTEGER;

export type SyncedName = keyof typeof DEFAULTS;
export type SyncedValue<N extends SyncedName> = N extends "draft"
  ? string
  : N extends "verified"
    ? Uint8Array
    : number;

/** `verified` is about a person, everything else about a conversation. */
const blindOf = (store: Store, name: SyncedName, about: Id): Promise<string> =>
  name === "verified" ? store.person(about) : store.conversation(about);

export async function syncedKey(store: Store, name: SyncedName, about: Id): Promise<string> {
  return named(await blindOf(store, name, about), name);
}

export async function readSynced<N extends SyncedName>(
  store: Store,
  name: N,
  about: Id,
): Promise<SyncedValue<N>> {
  const stored = await store.get("synced", await syncedKey(store, name, about));
  const value = stored?.value.value ?? DEFAULTS[name];
  return (name === "mute" && value === FOREVER ? Infinity : value) as SyncedValue<N>;
}

/** The name and the id in a key of the wire, for example `mute:` and a conversation; null for one that is not known. */
export function parseSyncedKey(key: string): { name: SyncedName; about: Id } | null {
  const [name = "", about = "", ...rest] = key.split(":");
  if (!(name in DEFAULTS) || rest.length > 0) return null;
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(about)
    ? { name: name as SyncedName, about }
    : null;
}

/** True for a value of the kind that this name holds. */
export function fitsSynced(name: SyncedName, value: unknown): value is SyncedRecord["value"] {
  if (name === "draft") return typeof value === "string";
  if (name === "verified") return value instanceof Uint8Array && (value.length === 0 || value.length === 32);
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** Whether what another device said takes the place of what stands here: the newest, among equals the larger device. */
export function supersedes(
  incoming: Pick<SyncedRecord, "at" | "device">,
  current: Pick<SyncedRecord, "at" | "device"> | null,
): boolean {
  if (current === null || incoming.at !== current.at) return current === null || incoming.at > current.at;
  return incoming.device > current.device;
}

/** Values that this person's other devices are told of (`SelfSync` does that, in the leader's tab). */
export class Synced {
  constructor(private readonly context: Context) {}

  /** Keeps a value here and for the other devices. Does nothing when it is as it was. */
  async set<N extends SyncedName>(name: N, about: Id, said: SyncedValue<N>): Promise<void> {
    const { store, bus, self } = this.context;
    const value = said === Infinity ? FOREVER : said;
    const key = await syncedKey(store, name, about);
    let changed = false;
    await store.update("synced", key, (current) => {
      changed = !same(current?.value ?? DEFAULTS[name], value);
      // Later than what stands here, even when that came from a device whose clock is ahead.
      const at = Math.max(this.context.now(), (current?.at ?? 0) + 1);
      return changed ? { key: `${name}:${about}`, value, at, device: self.device, told: false } : null;
    });
    if (changed) bus.publish({ t: "synced" });
  }

  /** Everything once more, for a device that was not there when it was said. */
  async tellAll(): Promise<void> {
    const { store, bus } = this.context;
    const batch = new Batch();
    for (const { key, value, revision } of await store.all("synced"))
      if (value.told) batch.put("synced", key, { ...value, told: false }, { expect: revision });
    if (!batch.empty) await store.commit(batch);
    bus.publish({ t: "synced" });
  }
}

function same(a: SyncedRecord["value"], b: SyncedRecord["value"]): boolean {
  if (!(a instanceof Uint8Array) || !(b instanceof Uint8Array)) return a === b;
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Whether the mark "verified" of a person stands on this base. */
export async function isVerified(context: Context, person: Id, base: Uint8Array): Promise<boolean> {
  return same(await readSynced(context.store, "verified", person), base);
}
