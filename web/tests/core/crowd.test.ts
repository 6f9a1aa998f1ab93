/**
 * Many people of a real server who have a device and are not there: made over the HTTP API without a browser, so that a
 * story can put sixty of them into a group. `BEEP_TEST_URL` names the server, `BEEP_CROWD` a JSON file of their letters;
 * without them there is nothing to make.
 */

import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { deviceEntry } from "../../src/core/entering";
import { deviceSigner, recoverySigner } from "../../src/core/identities";
import { idBytes, newId } from "../../src/core/ids";
import { pooled } from "../../src/core/lanes";
import { randomBytes } from "../../src/crypto/bytes";
import { parseActivationCode } from "../../src/crypto/codes";
import { LocalEngine } from "../../src/crypto/engine";
import { CLASSICAL, HYBRID } from "../../src/crypto/policy";
import { firstStatement } from "../../src/crypto/statements";
import { Api, Http } from "../../src/transport";
import { Profile, Tab, totp } from "./node";

interface Letter {
  id: string;
  personnel_number: string;
  code: string;
}

const url = process.env["BEEP_TEST_URL"] ?? "";
const file = process.env["BEEP_CROWD"];
const LIFETIME_MS = 30 * 86_400_000;
/** People who come in side by side. */
const AT_ONCE = 4;
const PATIENCE_MS = 300_000;

it.skipIf(file === undefined)(
  "comes in",
  async () => {
    const letters = JSON.parse(readFileSync(file ?? "", "utf8")) as Letter[];
    const engine = new LocalEngine();
    await pooled(letters, (letter) => comeIn(engine, letter), AT_ONCE);
    expect(letters.length).toBeGreaterThan(0);
  },
  PATIENCE_MS,
);

/** Nobody will ever sign in as them: their passphrase is random bytes that are not kept. */
async function comeIn(engine: LocalEngine, letter: Letter): Promise<void> {
  const { fetch } = new Tab(new Profile(url)).environment();
  const api = new Api(new Http({ fetch, origin: url }));
  const code = await parseActivationCode(letter.code);
  const offer = await api.beginActivation(code, letter.personnel_number);
  const person = idBytes(letter.id);
  const keys = await engine.generateDeviceKeys({ person, device: idBytes(newId()) });
  const at = Date.now();
  const statement = await firstStatement({
    person,
    device: deviceEntry(keys, "Crowd", at),
    at,
    deviceSigner: deviceSigner(engine, keys),
    recovery: await recoverySigner(engine, await engine.newRecoveryCode(), person),
  });
  await api.finishActivation({
    code,
    personnelNumber: letter.personnel_number,
    salt: randomBytes(16),
    signInSecret: randomBytes(32),
    totp: totp(offer.totp_secret),
    statement,
  });
  for (const suite of [HYBRID, CLASSICAL]) {
    const pool = { keys, suite, now: at, lifetime: LIFETIME_MS };
    const packages = await engine.generateKeyPackages({ ...pool, count: 1, lastResort: false });
    const [last] = await engine.generateKeyPackages({ ...pool, count: 1, lastResort: true });
    await api.uploadKeyPackages({
      suite,
      packages: packages.map((made) => made.keyPackage),
      lastResort: last?.keyPackage ?? null,
    });
  }
}
