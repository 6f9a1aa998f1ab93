import type { App } from "../core/api";

/** What counts as use of the application. */
const signs = ["pointerdown", "keydown", "wheel", "touchstart"] as const;

/**
 * Lock the application when nobody has used it for as long as the settings say. Time is read from the clock and not
 * from a timer's delay: a laptop that slept locks when it wakes. Returns the undoing.
 */
export function watchIdle(app: App, now: () => number = Date.now): () => void {
  let lastUse = now();
  const used = (): void => {
    lastUse = now();
  };
  const check = (): void => {
    const limit = app.settings.get().lockAfterMinutes * 60_000;
    if (app.session.get().kind !== "open") used();
    else if (now() - lastUse >= limit) void app.lock();
  };
  for (const sign of signs) window.addEventListener(sign, used, { passive: true, capture: true });
  document.addEventListener("visibilitychange", check);
  const timer = setInterval(check, 15_000);
  return () => {
    for (const sign of signs) window.removeEventListener(sign, used, { capture: true });
    document.removeEventListener("visibilitychange", check);
    clearInterval(timer);
  };
}
