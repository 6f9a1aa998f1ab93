import { expect, it } from "vitest";
import { placeOf } from "../../src/core/contention";
import { TransportError } from "../../src/transport";

const refused = (detail: Record<string, unknown>, wait: number | null = 4): TransportError =>
  new TransportError("epoch_conflict", wait, detail);

it("reads the place in line", () => {
  expect(placeOf(refused({ generation: 1, epoch: 7, ahead: 2 }))).toEqual({
    generation: 1,
    epoch: 9,
    patience: 4_000,
  });
});

it.each([
  ["none given", refused({ generation: 1, epoch: 7 })],
  ["no time given", refused({ generation: 1, epoch: 7, ahead: 2 }, null)],
  ["less than nobody ahead", refused({ generation: 1, epoch: 7, ahead: -1 })],
  ["half a person ahead", refused({ generation: 1, epoch: 7, ahead: 0.5 })],
  ["words", refused({ generation: 1, epoch: "7", ahead: "2" })],
  ["another refusal", new TransportError("generation_conflict", 4, { generation: 1, epoch: 7, ahead: 2 })],
])("takes no place from %s", (_, error) => {
  expect(placeOf(error)).toBeNull();
});

it("waits no longer than half a minute, whatever the server says", () => {
  expect(placeOf(refused({ generation: 1, epoch: 7, ahead: 1_000 }, 1e9))?.patience).toBe(30_000);
});
