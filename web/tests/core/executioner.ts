/** Killing a process at one of its steps: before or after a transaction, before a request leaves or its answer comes. */

import { expect } from "vitest";
import { idBytes } from "../../src/core/ids";
import type { Batch, CommitOptions, Store } from "../../src/store";
import { TransportError } from "../../src/transport";
import type { TestDevice } from "./device";
import type { ServerDouble } from "./double";

class Killed extends Error {}

/** Counts the steps of a process and kills it at one of them: from then on nothing it does has an effect. */
export class Executioner {
  steps = 0;
  dead = false;

  constructor(private readonly at: number) {}

  step(): void {
    if (this.dead) throw new Killed();
    this.steps += 1;
    if (this.steps === this.at) {
      this.dead = true;
      throw new Killed();
    }
  }

  watchStore(store: Store): Store {
    const commit = store.commit.bind(store);
    store.commit = async (batch: Batch, options?: CommitOptions) => {
      this.step();
      await commit(batch, options);
      this.step();
    };
    return store;
  }

  watchLink(device: TestDevice): void {
    const lost = (): void => {
      try {
        this.step();
      } catch {
        throw new TransportError("offline");
      }
    };
    device.link.before = lost;
    device.link.after = lost;
  }
}

/** Lets the doomed process run until it has died or has nothing more to do. */
export async function runOut(
  executioner: Executioner,
  device: TestDevice,
  done: () => Promise<boolean>,
): Promise<void> {
  const end = Date.now() + 10_000;
  while (!executioner.dead && Date.now() < end && !(await done()))
    await new Promise((resolve) => setTimeout(resolve, 5));
  device.link.stop();
  device.kill();
  device.link.before = device.link.after = () => undefined;
  await new Promise((resolve) => setTimeout(resolve, 20));
}

export function checkCounters(server: ServerDouble, talk: string, device: TestDevice): void {
  const own = (server.talks.get(talk)?.envelopes ?? []).filter((envelope) =>
    Buffer.from(envelope.device).equals(Buffer.from(idBytes(device.device))),
  );
  expect(own.map((envelope) => envelope.counter)).toEqual(own.map((_, i) => i + 1));
  expect(new Set(own.map((envelope) => Buffer.from(envelope.body).toString("hex"))).size).toBe(own.length);
}
