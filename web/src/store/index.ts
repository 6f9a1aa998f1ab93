export { StoreError, type StoreErrorCode } from "./errors";
export { named, numbered } from "./keys";
export type * from "./records";
export { Database, type Idb } from "./schema";
export { Batch, type CommitOptions, type PutOptions, Store, type Stored } from "./store";
export {
  HANDLE_LIFETIME_MS,
  type Health,
  type KeyValue,
  Vault,
  type VaultRow,
  type WrappedKey,
} from "./vault";
export type { OutboxPhase } from "./words";
