/** A server that was restored takes nothing new for a while: the client knows by its answers, in every tab. */
import { afterEach, expect, it, vi } from "vitest";
import { Bus } from "../../src/core/bus";
import { ReadOnlyWatch } from "../../src/core/read-only";
import { type Link, TransportError } from "../../src/transport";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
  vi.useRealTimers();
});

/** Two tabs whose notices reach each other, the first with a link that answers as `refuses` says. */
function tabs(refuses: { code: string | null }) {
  const hearing: ((message: unknown) => void)[] = [];
  const open = (): ReadOnlyWatch => {
    const at = hearing.length;
    const watch = new ReadOnlyWatch(
      new Bus({
        post: (message: unknown) => {
          hearing.forEach((hear, i) => {
            if (i !== at) hear(message);
          });
        },
        onMessage: (run: (message: unknown) => void) => {
          hearing.push(run);
        },
        close: () => undefined,
      } as ConstructorParameters<typeof Bus>[0]),
    );
    ends.push(watch.listen());
    return watch;
  };
  const [leading, other] = [open(), open()];
  const server = {
    request: () =>
      refuses.code === null ? Promise.resolve({}) : Promise.reject(new TransportError(refuses.code, 30)),
  } as unknown as Link;
  return { leading, other, open, server, link: leading.over(server) };
}
const write = (link: Link): Promise<unknown> =>
  link.request("slot_put", {} as never).catch((error: unknown) => error);

it("is told by a refusal, in all tabs, and ended by what is taken", async () => {
  const refuses: { code: string | null } = { code: "read_only" };
  const { leading, other, link } = tabs(refuses);
  expect(await write(link)).toMatchObject({ code: "read_only" });
  expect([leading.value.get(), other.value.get()]).toEqual([true, true]);
  // What only reads is answered all the same, and says nothing about writing.
  refuses.code = null;
  await link.request("fetch", {} as never);
  expect(leading.value.get()).toBe(true);
  await write(link);
  expect([leading.value.get(), other.value.get()]).toEqual([false, false]);
});

it("is told at the connection by what such a server alone takes back, or compares, before anybody writes", async () => {
  const refuses: { code: string | null } = { code: "conflict" };
  const { leading, other, link } = tabs(refuses);
  const giveBack = () => link.request("reupload", {} as never).catch(() => undefined);
  // So says a server that has not been restored.
  await giveBack();
  expect(leading.value.get()).toBe(false);
  for (const code of [null, "range_refused"]) {
    refuses.code = code;
    await giveBack();
    expect([leading.value.get(), other.value.get()]).toEqual([true, true]);
    refuses.code = null;
    await write(link);
    expect([leading.value.get(), other.value.get()]).toEqual([false, false]);
  }
});

it("is not told by other refusals", async () => {
  const { leading, link } = tabs({ code: "busy" });
  await write(link);
  expect(leading.value.get()).toBe(false);
});

it("is believed for a while only when nobody tries to write", async () => {
  vi.useFakeTimers();
  const { leading, other, link } = tabs({ code: "read_only" });
  await write(link);
  await vi.advanceTimersByTimeAsync(60_000);
  await write(link);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(other.value.get()).toBe(true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect([leading.value.get(), other.value.get()]).toEqual([false, false]);
});

it("is kept by the tab that inherits the lead, and no longer than its word would have held", async () => {
  vi.useFakeTimers();
  const { other, open, server, link } = tabs({ code: "read_only" });
  await write(link);
  await vi.advanceTimersByTimeAsync(60_000);
  // The leading tab is closed: nobody says anything any more.
  ends.shift()?.();
  // The heir says at once what it was told.
  const inherited = other.over(server);
  const late = open();
  other.tell();
  expect([other.value.get(), late.value.get()]).toEqual([true, true]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(other.value.get()).toBe(false);
  // And learns it anew, like all the others, when it writes.
  await write(inherited);
  expect([other.value.get(), late.value.get()]).toEqual([true, true]);
  await vi.advanceTimersByTimeAsync(120_000);
  expect([other.value.get(), late.value.get()]).toEqual([false, false]);
});
