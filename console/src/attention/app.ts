/** What browsers tell a page that could be installed. */
interface InstallOffer extends Event {
  prompt(): Promise<unknown>;
}

/**
 * Under https the console is an app: it has a manifest, and a worker that shows notifications. Elsewhere it is a
 * page: a worker on a loopback port would outlive its daemon, and stand in the way of what listens there next.
 */
export function isApp(): boolean {
  return location.protocol === 'https:' && isSecureContext && 'serviceWorker' in navigator;
}

/** Makes the page an app where it may be one. */
export function becomeApp(): void {
  if (!isApp()) return;
  link('manifest', '/manifest.webmanifest');
  link('apple-touch-icon', '/icon-192.png');
  navigator.serviceWorker.register('/notify.js').catch((error: unknown) => {
    // Not allowed here: the page does everything but notify.
    console.warn('The worker was not registered', error);
  });
}

function link(rel: string, href: string): void {
  const element = document.createElement('link');
  element.rel = rel;
  element.href = href;
  document.head.append(element);
}

/** The offer to install it, kept until somebody takes it up. */
export function onInstallOffer(tell: (install: () => void) => void): () => void {
  const offered = (event: Event) => {
    event.preventDefault();
    tell(() => void (event as InstallOffer).prompt());
  };
  addEventListener('beforeinstallprompt', offered);
  return () => removeEventListener('beforeinstallprompt', offered);
}
