import { AppError } from "../core/api";
import { has, t } from "../i18n/index.svelte";

/** Fluent id of a code of the catalogue: `key_package_refused` is `error-key-package-refused`. */
export function errorId(code: string): string {
  return `error-${code.replaceAll("_", "-")}`;
}

/** A sentence for a code, and what to do; a code newer than this client gets the general one with the code in it. */
export function codeMessage(code: string, retryAfter: number | null = null): string {
  const id = errorId(code);
  return has(id) ? t(id, { seconds: Math.ceil(retryAfter ?? 60) }) : t("error-unknown", { code });
}

/** A sentence for whatever was thrown. What is not an `AppError` is a fault of ours: it says so. */
export function errorMessage(error: unknown): string {
  return error instanceof AppError ? codeMessage(error.code, error.retryAfter) : codeMessage("internal");
}

export function errorCode(error: unknown): string {
  return error instanceof AppError ? error.code : "internal";
}
