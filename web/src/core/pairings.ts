import type { PairingRequest } from "./api";
import type { Context } from "./context";
import { Value } from "./readable";

/** Devices of one's own that ask to be let in, read from the table in any tab; `Pairings` talks with them. */
export class PairingList {
  readonly requests = new Value<readonly PairingRequest[]>([]);
  #end: () => void = () => undefined;

  constructor(private readonly context: Context) {}

  async start(): Promise<void> {
    this.#end = this.context.bus.listen((notice) => {
      if (notice.t === "pairings") this.context.background("pairings", this.#show());
    });
    await this.#show();
  }

  stop(): void {
    this.#end();
  }

  async #show(): Promise<void> {
    const rows = (await this.context.store.all("pairings")).map((row) => row.value);
    rows.sort((a, b) => a.createdAt - b.createdAt);
    this.requests.set(rows.map(({ pairing: id, kind, createdAt, name }) => ({ id, kind, name, createdAt })));
  }
}
