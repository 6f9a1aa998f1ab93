import type { AccountRecord, GroupRecord, PendingCommit, TableName, Tables } from "./records";

/**
 * Rows of version 1 that lack what version 2 knows. Rows are sealed, so they cannot be rewritten before the vault is
 * open; each is completed when it is read, and written whole with its next change.
 */
type Complete = (row: Record<string, unknown>) => unknown;

const pending = (row: Partial<PendingCommit> | null) =>
  row && { membership: [], change: { added: [], removed: [], roles: [], orders: [] }, ...row };

const NO_TRUST: AccountRecord["trust"] = { root: null, certificates: [], alarm: null };

const completions: Partial<Record<TableName, Complete>> = {
  account: (row) => ({ kind: "regular", expiresAt: null, trust: NO_TRUST, ...row }),
  chains: (row) => ({ certificates: [], ...row }),
  conversations: (row) => ({
    standing: "in",
    rejoin: null,
    awaySince: null,
    ...row,
    server: { orders: 0, frozenSeq: null, left: false, toldAt: 0, ...(row["server"] as object) },
  }),
  groups: (row) => ({
    membership: [],
    // Version 1 had none but hybrid groups of two persons.
    suite: 0x0053,
    sizeClass: "normal",
    founder: null,
    broken: null,
    executed: [],
    ...row,
    pending: pending(row["pending"] as GroupRecord["pending"]),
  }),
  marks: (row) => ({ persons: {}, ...row }),
  messages: (row) => ({ copied: false, frank: null, ...row }),
};

/** The row as this version knows it. */
export function completed<K extends TableName>(table: K, row: unknown): Tables[K] {
  const complete = completions[table];
  return (complete ? complete(row as Record<string, unknown>) : row) as Tables[K];
}
