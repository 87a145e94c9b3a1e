import type { IncomingMessage } from 'node:http';
import { refuse } from '../domain/refusal.ts';

/** Where a listener may be asked from. */
export interface Guard {
  /** Values of `Host`, in lower case; null where there are no names to rebind (a Unix socket). */
  hosts: ReadonlySet<string> | null;
  origins: ReadonlySet<string>;
  /** Pages are served here: they may ask where they come from, at the very same Host. */
  ownPages: boolean;
}

export function guardOf(
  port: number | null,
  names: { hosts?: readonly string[]; origins?: readonly string[]; ownPages?: boolean },
): Guard {
  const origins = new Set(names.origins);
  // Every sandboxed frame has this origin: to list it is to list them all.
  if (origins.has('null')) throw new TypeError('The origin "null" cannot be allowed.');
  if (port === null) return { hosts: null, origins, ownPages: false };
  const loopback = ['127.0.0.1', '[::1]', 'localhost'];
  const own = loopback.flatMap((name) =>
    port === 80 ? [name, `${name}:80`] : [`${name}:${port}`],
  );
  const given = (names.hosts ?? []).flatMap((name) => [name, `${name}:${port}`]);
  const hosts = new Set([...own, ...given].map((name) => name.toLowerCase()));
  return { hosts, origins, ownPages: names.ownPages === true };
}

/**
 * Throws for a request that a page of another site could have made a browser send: any page reaches
 * loopback, under a name of its own where it controls the DNS.
 */
export function checkPlace(request: IncomingMessage, guard: Guard): void {
  const { url = '', headers } = request;
  if (!url.startsWith('/') || url.startsWith('//')) {
    throw refuse('invalid', 'The request target is a path that begins with one slash.');
  }
  const [path] = url.split('?', 1);
  // What would be read as another path than the one that was looked at is no path of ours.
  if (URL.parse(url, 'http://localhost')?.pathname !== path) {
    throw refuse('invalid', 'Write the path as it is meant: without dot segments or backslashes.');
  }
  if (guard.hosts !== null) {
    const host = headers.host?.toLowerCase() ?? '';
    if (!guard.hosts.has(host) || timesGiven(request, 'host') !== 1) {
      throw refuse('forbidden', 'This Host is not served here; add it to the configured hosts.');
    }
  }
  const { origin } = headers;
  if (origin === undefined) return;
  // A page of `localhost` may be another program's, at the same port of another address of the machine.
  const own = guard.ownPages && origin === `http://${headers.host?.toLowerCase() ?? ''}`;
  if (!(own || guard.origins.has(origin)) || timesGiven(request, 'origin') !== 1) {
    throw refuse(
      'forbidden',
      'Pages of this Origin may not ask; add it to the configured origins.',
    );
  }
}

/** Node keeps the first of two `Host` headers, a proxy before us may have believed the second. */
function timesGiven(request: IncomingMessage, name: string): number {
  return request.rawHeaders.filter((part, at) => at % 2 === 0 && part.toLowerCase() === name)
    .length;
}
