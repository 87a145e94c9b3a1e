import { Cell } from './state/cell.ts';

/** What is shown, as the address says it. */
export type Route =
  | { view: 'sessions' }
  | { view: 'session'; session: string; seq: number | null; base?: string }
  | { view: 'inbox' }
  | { view: 'usage' }
  | { view: 'settings' }
  | { view: 'new' }
  /** An address at which there is nothing. */
  | { view: 'nowhere'; path: string };

const plain = ['inbox', 'usage', 'settings', 'new'] as const;

export function readRoute(path: string): Route {
  const [, first, second, third, fourth, fifth] = path.split('/');
  if (first === 's' && second !== undefined && second !== '') {
    const seq = third === 'e' ? Number(fourth) : Number.NaN;
    const place = Number.isSafeInteger(seq) && seq > 0 ? seq : null;
    const base = fifth === undefined || place === null ? {} : { base: decoded(fifth) };
    return { view: 'session', session: decoded(second), seq: place, ...base };
  }
  if (first === undefined || (first === '' && second === undefined)) return { view: 'sessions' };
  const named = plain.find((view) => view === first);
  if (named !== undefined && second === undefined) return { view: named };
  return { view: 'nowhere', path };
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
      const at = `/s/${encodeURIComponent(route.session)}`;
      if (route.seq === null) return at;
      // Of a fork the entry may be one of its base, whose log has seqs of its own.
      const entry = `${at}/e/${route.seq}`;
      return route.base === undefined ? entry : `${entry}/${encodeURIComponent(route.base)}`;
    }
    case 'inbox':
    case 'usage':
    case 'settings':
    case 'new':
      return `/${route.view}`;
    case 'nowhere':
      return route.path;
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
