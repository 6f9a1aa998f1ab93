import { getContext, setContext } from "svelte";
import type { App } from "../core/api";

const key = Symbol("app");

export function provideApp(app: App): void {
  setContext(key, app);
}

/** The application that the page was mounted with. Only during a component's initialisation. */
export function useApp(): App {
  return getContext<App>(key);
}
