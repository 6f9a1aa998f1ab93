/**
 * The service worker from the page's side: it keeps the shell so that Beep opens without a network, and nothing else. A
 * new version waits until the person takes it, so that no tab changes under somebody's hands.
 */
import { trustedScriptUrl } from "../trusted";

let waiting = $state<ServiceWorker | "reload" | null>(null);
let asked = false;

export function updateReady(): boolean {
  return waiting !== null;
}

/** Let the waiting version take over; the page loads again when it has. */
export function applyUpdate(): void {
  asked = true;
  if (waiting === "reload") location.reload();
  else waiting?.postMessage({ type: "take-over" });
}

/** Hours between looks for a new version, besides each start. */
const lookEvery = 60 * 60 * 1000;

/** Register the worker and follow its versions. Without one (private windows, old browsers) Beep works online only. */
export async function registerServiceWorker(): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  const hadController = navigator.serviceWorker.controller !== null;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (asked) location.reload();
    // Another tab took the new version: this one still runs the old files, and says so.
    else if (hadController) waiting = "reload";
  });
  try {
    const registration = await navigator.serviceWorker.register(trustedScriptUrl("/sw.js"), {
      updateViaCache: "none",
    });
    follow(registration);
    void keepFaces();
    setInterval(() => void registration.update().catch(() => undefined), lookEvery);
  } catch {
    // Storage may be refused to this page; Beep then needs the network to open, and runs as well.
  }
}

/**
 * Faces that this page fetched before the worker watched over it: they are asked for once more, from the HTTP cache, so that
 * a person's own language has its letters offline from the first day.
 */
async function keepFaces(): Promise<void> {
  const { active } = await navigator.serviceWorker.ready;
  await document.fonts.ready;
  const paths = performance
    .getEntriesByType("resource")
    .map((entry) => new URL(entry.name).pathname)
    .filter((path) => path.endsWith(".woff2"));
  active?.postMessage({ type: "keep", paths });
}

function follow(registration: ServiceWorkerRegistration): void {
  const notice = (worker: ServiceWorker): void => {
    if (worker.state === "installed" && navigator.serviceWorker.controller) waiting = worker;
  };
  if (registration.waiting) notice(registration.waiting);
  registration.addEventListener("updatefound", () => {
    const worker = registration.installing;
    worker?.addEventListener("statechange", () => notice(worker));
  });
}
