import { Cell } from './state/cell.ts';

/** What is shown, as the address says it. */
export type Route =
  | { view: 'sessions' }
  | { view: 'session'; session: string; seq: number | null }
  | { view: 'inbox' }
  | { view: 'usage' }
  | { view: 'settings' }
  | { view: 'new' };

const plain = ['inbox', 'usage', 'settings', 'new'] as const;

export function readRoute(path: string): Route {
  const [, first, second, third, fourth] = path.split('/');
  if (first === 's' && second !== undefined && second !== '') {
    const seq = third === 'e' ? Number(fourth) : Number.NaN;
    const place = Number.isSafeInteger(seq) && seq > 0 ? seq : null;
    return { view: 'session', session: decoded(second), seq: place };
  }
  const named = plain.find((view) => view === first);
  return { view: named ?? 'sessions' };
}

/** What is no encoding names no session, which the daemon says. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return part;
  }
}

export function pathOf(route: Route): string {
  switch (route.view) {
    case 'sessions':
      return '/';
    case 'session': {
      const base = `/s/${encodeURIComponent(route.session)}`;
      return route.seq === null ? base : `${base}/e/${route.seq}`;
    }
    case 'inbox':
    case 'usage':
    case 'settings':
    case 'new':
      return `/${route.view}`;
  }
}

/** The address of the page, by the History API. One for each page. */
export class Router {
  readonly route = new Cell<Route>(readRoute(location.pathname));

  /** Until the signal is aborted it follows the browser. */
  constructor(signal: AbortSignal) {
    const follow = () => this.route.set(readRoute(location.pathname));
    addEventListener('popstate', follow, { signal });
  }

  go(route: Route, how: 'push' | 'replace' = 'push'): void {
    const path = pathOf(route);
    if (how === 'replace') history.replaceState(null, '', path);
    else if (path !== location.pathname) history.pushState(null, '', path);
    this.route.set(route);
  }
}
