// Shows a notification's session when it is clicked. It keeps nothing and answers no request: without the daemon
// there is nothing to show.
self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(show(`/s/${encodeURIComponent(event.notification.tag)}`));
});

async function show(path) {
  const [open] = await self.clients.matchAll({ type: 'window' });
  if (open === undefined) return self.clients.openWindow(path);
  await open.focus();
  return open.navigate(path);
}
