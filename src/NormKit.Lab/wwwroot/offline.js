// Keeps the page's own files, so that it works without a network after the first visit. The page says which files it has loaded.
const store = 'normkit-lab';

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', event => event.waitUntil(self.clients.claim()));

self.addEventListener('message', event => event.waitUntil((async () => {
  const cache = await caches.open(store), wanted = new Set(event.data.files), known = await cache.keys();
  await Promise.all(known.filter(request => !wanted.has(request.url)).map(request => cache.delete(request)));
  const kept = new Set((await cache.keys()).map(request => request.url));
  for (const file of wanted) if (!kept.has(file)) await cache.add(file);
  event.source.postMessage({ offline: true });
})()));

// A name with a fingerprint never changes its content; anything else is asked for, and taken from the store when there is no network.
self.addEventListener('fetch', event => {
  if (event.request.method !== 'GET' || new URL(event.request.url).origin !== self.location.origin) return;
  event.respondWith((async () => {
    const cache = await caches.open(store), isFixed = /\.[a-z0-9]{10}\.(wasm|js|dat)$/.test(new URL(event.request.url).pathname);
    const stored = () => cache.match(event.request, { ignoreSearch: true });
    if (isFixed) return await stored() ?? fetch(event.request);
    try {
      const fresh = await fetch(event.request);
      if (fresh.ok && await stored()) await cache.put(event.request.url.split('#')[0], fresh.clone());
      return fresh;
    } catch {
      return await stored() ?? Response.error();
    }
  })());
});
