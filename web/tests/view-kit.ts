/** Views mounted alone on the in-memory application, found and filled as a person would. */
import { flushSync, mount, tick, unmount, type Component } from "svelte";
import { vi } from "vitest";
import type { Id } from "../src/core/api";
import { useLanguage } from "../src/i18n/index.svelte";
import { dismissToast } from "../src/ui/toast.svelte";
import { FakeApp, type Scene } from "./fake-app";
import ViewHost from "./ViewHost.svelte";

export class ViewKit {
  app = new FakeApp("open");
  #mounted: ReturnType<typeof mount> | undefined;

  /** Before each test: an application of its own, in English. */
  async begin(scene: Scene = "open"): Promise<void> {
    await useLanguage("en");
    this.app = new FakeApp(scene);
  }

  /** After each test. */
  async end(): Promise<void> {
    await this.hide();
    dismissToast();
    document.body.replaceChildren();
  }

  show<Props extends Record<string, unknown>>(view: Component<Props>, props: Props): void {
    this.#mounted = mount(ViewHost, {
      target: document.body,
      props: { app: this.app, view, props },
    });
    flushSync();
  }

  /** Another page is shown instead. */
  async hide(): Promise<void> {
    if (this.#mounted) await unmount(this.#mounted);
    this.#mounted = undefined;
  }

  calls(name: string): unknown[][] {
    return this.app.calls.filter(([called]) => called === name).map(([, ...rest]) => rest);
  }

  summary(id: Id): ReturnType<FakeApp["conversations"]["get"]>[number] {
    const found = this.app.conversations.get().find((one) => one.id === id);
    if (!found) throw new Error(`no conversation ${id}`);
    return found;
  }
}

/** The one element that fits; throws with the page when none does. */
export function $<T extends HTMLElement>(selector: string): T {
  const found = document.querySelector<T>(selector);
  if (!found) throw new Error(`Nothing fits ${selector} in ${document.body.innerHTML.slice(0, 500)}`);
  return found;
}

/** Once `check` raises nothing any more; Vitest's own second asserts a speed. */
export const soon = <T>(check: () => T): Promise<T> => vi.waitFor(check, { timeout: 50_000 });

export const appears = (selector: string): Promise<HTMLElement> => soon(() => $(selector));

/** The id of the group at place `index` of the in-memory application. */
export const group = (index: number): Id => `00000000-0000-4000-c000-${String(index).padStart(12, "0")}`;

export async function fill(selector: string, text: string): Promise<void> {
  const field = $<HTMLInputElement>(selector);
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  await tick();
}
