/** Whom a commit's bytes name: read from whatever a hostile committer has written. */

import { expect, it } from "vitest";
import { newId } from "../../src/core/ids";
import { devicesNamed, personsNamed } from "../../src/core/standing";
import { concat, utf8 } from "../../src/crypto/bytes";

it("finds every credential once, wherever it stands", () => {
  const [person, device, other] = [newId(), newId(), newId()];
  const noise = utf8("//-/ 12345678-1234-1234-1234-1234567890ab/ /");
  const first = concat(noise, utf8(`${person}/${device}`), noise);
  const second = concat(utf8(`${person}/${other}`), noise, utf8(`${person.toUpperCase()}/${device}`));
  expect(personsNamed([first, second])).toEqual([person]);
  expect(devicesNamed([first, second])).toEqual([device, other]);
});

it("is not held up by a commit that is made to hold it up", () => {
  const body = new Uint8Array(786_432).fill(0x2f);
  const before = performance.now();
  expect(personsNamed([body])).toEqual([]);
  expect(performance.now() - before).toBeLessThan(500);
});
