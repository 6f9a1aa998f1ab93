/**
 * The service worker: keeps this build's shell so that Beep opens without a network. It never touches /api, the socket
 * or any content, and it is no security boundary: who controls the server controls this file too.
 *
 * `__FILES__` (every path of the shell) and `__VERSION__` (a hash over their contents) are put in by the build.
 */
declare const __FILES__: readonly string[];
declare const __VERSION__: string;

const worker = self as unknown as ServiceWorkerGlobalScope;
const prefix = "beep-shell-";
const cacheName = prefix + __VERSION__;
/** Faces of the languages that this person reads: kept when first used. */
const lazyFiles = /^\/assets\/[^/]+\.woff2$/u;

worker.addEventListener("install", (event) => {
  // `no-cache`: the page and the manifest have no hash in their names, so the HTTP cache may hold older ones.
  const requests = __FILES__.map((path) => new Request(path, { cache: "no-cache" }));
  event.waitUntil(caches.open(cacheName).then((cache) => cache.addAll(requests)));
});

worker.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      const names = await caches.keys();
      const old = names.filter((name) => name.startsWith(prefix) && name !== cacheName);
      await Promise.all(old.map((name) => caches.delete(name)));
      // The first version serves the page that installed it, so that the very next start may be offline.
      await worker.clients.claim();
    })(),
  );
});

worker.addEventListener("message", (event) => {
  const data: unknown = event.data;
  if (typeof data !== "object" || data === null || !("type" in data)) return;
  if (data.type === "take-over") void worker.skipWaiting();
  if (data.type === "keep" && "paths" in data && Array.isArray(data.paths)) {
    const paths = data.paths.filter((path) => typeof path === "string" && lazyFiles.test(path));
    event.waitUntil(Promise.all(paths.map((path: string) => keepWhenUsed(new Request(path)))));
  }
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== worker.location.origin) return;
  if (request.mode === "navigate") {
    // Routes have no dot in their last step; anything else (the API's documents, a file) is the server's to answer.
    const isRoute =
      !/^\/(api|healthz|csp-report|console)(\/|$)/u.test(url.pathname) && !/\.[^/]*$/u.test(url.pathname);
    if (isRoute) event.respondWith(fromCache("/", request));
  } else if (__FILES__.includes(url.pathname)) {
    event.respondWith(fromCache(url.pathname, request));
  } else if (lazyFiles.test(url.pathname)) {
    event.respondWith(keepWhenUsed(request));
  }
});

async function fromCache(path: string, request: Request): Promise<Response> {
  const cache = await caches.open(cacheName);
  return (await cache.match(path)) ?? fetch(request);
}

async function keepWhenUsed(request: Request): Promise<Response> {
  const cache = await caches.open(cacheName);
  const kept = await cache.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}

export {};
