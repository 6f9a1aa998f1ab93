import { StoreError } from "../store";
import { isTransient, TransportError } from "../transport";
import { AppError } from "./api";

/** The crypto layer's code, whether the error was thrown here or came from the worker; null for anything else. */
export function cryptoCode(error: unknown): string | null {
  if (!(error instanceof Error) || error.name !== "CryptoError") return null;
  const { code } = error as Error & { code?: unknown };
  return typeof code === "string" ? code : "engine_failed";
}

/** What passes when it is done again: troubles of the line, and a row that somebody else has written meanwhile. */
export const passes = (error: unknown): boolean =>
  isTransient(error) || (error instanceof StoreError && error.code === "conflict");

/** Codes of the crypto layer that the views have a sentence for, or the sentence that fits. */
const CRYPTO_CODES: Readonly<Record<string, string>> = {
  wrong_passphrase: "wrong_passphrase",
  vault_malformed: "storage_failed",
  passphrase_short: "passphrase_too_short",
  recovery_code_malformed: "recovery_code_malformed",
  activation_code_malformed: "activation_code_malformed",
  statement_refused: "identity_chain_refused",
  chain_empty: "identity_chain_refused",
  chain_rolled_back: "identity_chain_refused",
  chain_forked: "identity_chain_refused",
  content_malformed: "too_large",
  content_too_large: "too_large",
  group_too_large: "group_too_large",
  engine_failed: "internal",
};

const TRANSPORT_CODES: Readonly<Record<string, string>> = { timeout: "offline", bad_answer: "internal" };

/** What the views may see of any failure: a stable code, never a message from below. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof TransportError)
    return new AppError(TRANSPORT_CODES[error.code] ?? error.code, undefined, error.retryAfter);
  if (error instanceof StoreError) return new AppError("storage_failed");
  const code = cryptoCode(error);
  if (code === "membership_refused") return new AppError(membershipCode(error));
  if (code !== null) return new AppError(CRYPTO_CODES[code] ?? "group_refused");
  return new AppError("internal", error instanceof Error ? error.name : undefined);
}

/** Why the rules of membership forbid what was asked, in the words of the views. */
function membershipCode(error: unknown): string {
  const { detail } = error as { detail?: { rule?: unknown } };
  if (detail?.rule === "last_admin") return "last_admin";
  return detail?.rule === "remove" || detail?.rule === "members" ? "group_refused" : "not_admin";
}

/**
 * The database is older than what this device has already said to the server: another copy of the profile speaks, or
 * the profile was restored from a backup. Going on would use message keys twice, so everything stops.
 */
export class RolledBack extends Error {
  override readonly name = "RolledBack";
}
