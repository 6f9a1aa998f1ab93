import type { App } from "../core/api";

/** What counts as use of the application. */
const signs = ["pointerdown", "keydown", "wheel", "touchstart"] as const;

/** Milliseconds between two words to the other tabs. */
const tellEvery = 10_000;

/**
 * Lock the application when nobody has used it for as long as the settings say. Time is read from the clock and not
 * from a timer's delay: a laptop that slept locks when it wakes. Returns the undoing.
 */
export function watchIdle(app: App, now: () => number = Date.now): () => void {
  let lastUse = now();
  let lastTold = 0;
  // Use of any tab is use of the application: locking one locks all.
  const tabs = new BroadcastChannel("beep-use");
  tabs.onmessage = () => {
    lastUse = now();
  };
  const used = (): void => {
    lastUse = now();
    if (lastUse - lastTold < tellEvery) return;
    lastTold = lastUse;
    tabs.postMessage(null);
  };
  const check = (): void => {
    const limit = app.settings.get().lockAfterMinutes * 60_000;
    if (app.session.get().kind !== "open") lastUse = now();
    else if (now() - lastUse >= limit) void app.lock();
  };
  for (const sign of signs) window.addEventListener(sign, used, { passive: true, capture: true });
  document.addEventListener("visibilitychange", check);
  const timer = setInterval(check, 15_000);
  return () => {
    for (const sign of signs) window.removeEventListener(sign, used, { capture: true });
    document.removeEventListener("visibilitychange", check);
    clearInterval(timer);
    tabs.close();
  };
}
