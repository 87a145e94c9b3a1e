import { renderUnicodeCompact } from 'uqr';
import { nodeClient } from '../client/node/node-client.ts';
import { RefusalError } from '../domain/refusal.ts';
import type { OutputOf } from '../protocol/operations.ts';

/** A link that logs one browser in. The code stands behind `#`, which no browser sends to any server. */
export interface ConsoleLink {
  link: string;
  /** The same from elsewhere, where the daemon was given a public address. */
  publicLink: string | null;
  expiresAt: string;
}

/** The link to a daemon at an address, with a code of it. */
export function consoleLink(url: string, login: OutputOf<'logins.create'>): ConsoleLink {
  const { code, expiresAt, origin } = login;
  const link = (base: string) => `${base}/#code=${code}`;
  return {
    link: link(browsable(url)),
    publicLink: origin === null ? null : link(origin),
    expiresAt,
  };
}

/** Why there is no link: the daemon that runs has none to give. */
export interface NoLink {
  why: string;
}

/** A link to the daemon that serves a state directory at an address, where that daemon knows of links. */
export async function linkTo(state: string, url: string): Promise<ConsoleLink | NoLink> {
  const client = await nodeClient({ state, env: {} });
  try {
    return consoleLink(url, await client.logins.create());
  } catch (error) {
    if (!(error instanceof RefusalError)) throw error;
    const { code, field, message } = error.refusal;
    if (code === 'not_found' && field === 'operation') return { why: tooOld };
    if (code === 'unsupported') return { why: message };
    throw error;
  } finally {
    client.close();
  }
}

const tooOld =
  'the daemon that runs is of an older version without one. `turnkeep stop --detach` and `turnkeep up` put this version in its place; agents go on working.';

/** What people are shown: the link, and for the phone a code to scan; or why there is none. */
export function renderLink(made: ConsoleLink | NoLink): string {
  if ('why' in made) return `Console: no link, ${made.why}\n`;
  const { link, publicLink } = made;
  if (publicLink === null) return `Console: ${link}\n`;
  return `Console: ${link}\nFrom elsewhere: ${publicLink}\n\n${renderUnicodeCompact(publicLink)}\n`;
}

/** A browser of this machine opens a loopback address where the daemon listens at every address. */
function browsable(url: string): string {
  const at = new URL(url);
  if (at.hostname === '0.0.0.0' || at.hostname === '[::]') at.hostname = '127.0.0.1';
  return at.origin;
}
