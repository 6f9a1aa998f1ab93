/** What several people, or a person and their devices, do together against the real server; and what is done by others. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Id } from "../../src/core/api";
import { encodeContent } from "../../src/crypto/content";
import { type Colleague, manage, readDemo } from "./colleague";
import { until } from "./node";

/** Asks for approval; returns the digits to type on the other device. */
export async function approval(device: Colleague, deviceName: string, temporary: boolean): Promise<string> {
  device.approval = await device.app.beginApproval({ deviceName, temporary });
  const state = await until(device.approval, (now) => now.state === "asking" && now.digits !== "");
  return state.state === "asking" ? state.digits : "";
}

/** The person says yes on the new device, which is in. */
export async function confirmed(device: Colleague): Promise<void> {
  await until(device.approval!, ({ state }) => state === "confirm");
  await device.app.confirmApproval(true);
  await until(device.app.connection, (state) => state === "online");
}

/** A changed client: it claims that other words were said. */
export async function twist(who: Colleague, message: Id, text: string): Promise<void> {
  const { store } = who.context;
  const content = encodeContent({ t: "text", id: new Uint8Array(16), at: 1, text });
  for (const { key, value } of await store.all("messages"))
    if (value.id === message && value.frank)
      await store.update("messages", key, (row) => row && { ...row, frank: { ...row.frank!, content } });
}

/** Both officers have seen the person and sign the only request that is open. */
export async function officersSign(): Promise<void> {
  const [id] = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}/.exec(await manage(["reset_list"])) ?? [""];
  const folder = mkdtempSync(join(tmpdir(), "officers-"));
  const file = join(folder, "passphrase");
  for (const { key_file: key, passphrase } of readDemo().officers) {
    writeFileSync(file, passphrase, { mode: 0o600 });
    await manage(["reset_sign", "--request", id, "--key", key, "--passphrase-file", file], "yes\n");
  }
  rmSync(folder, { recursive: true });
}
