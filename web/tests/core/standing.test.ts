/** Whom a commit's bytes name: read from whatever a hostile committer has written. */

import { expect, it, onTestFinished, vi } from "vitest";
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
  const read = vi.spyOn(String, "fromCharCode");
  onTestFinished(() => {
    read.mockRestore();
  });
  expect(personsNamed([body])).toEqual([]);
  // A text for each slash would be what takes the time.
  expect(read).not.toHaveBeenCalled();
});
