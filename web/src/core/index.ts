import type { App } from "./api";
import { browserEnvironment } from "./browser";
import { startApp } from "./start";

/** Starts the application of this page. Resolves when the state of the session is known; never rejects for bad storage. */
export function createApp(): Promise<App> {
  return startApp(browserEnvironment());
}
