import { renderUnicodeCompact } from 'uqr';
import type { Client } from '../client/client.ts';
import { nodeClient } from '../client/node/node-client.ts';
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

export async function askForLink(client: Client, url: string): Promise<ConsoleLink> {
  return consoleLink(url, await client.logins.create());
}

/** A link to the daemon that serves a state directory at an address. */
export async function linkTo(state: string, url: string): Promise<ConsoleLink> {
  const client = await nodeClient({ state, env: {} });
  try {
    return await askForLink(client, url);
  } finally {
    client.close();
  }
}

/** What people are shown: the link, and for the phone a code to scan. */
export function renderLink({ link, publicLink }: ConsoleLink): string {
  if (publicLink === null) return `Console: ${link}\n`;
  return `Console: ${link}\nFrom elsewhere: ${publicLink}\n\n${renderUnicodeCompact(publicLink)}\n`;
}

/** A browser of this machine opens a loopback address where the daemon listens at every address. */
function browsable(url: string): string {
  const at = new URL(url);
  if (at.hostname === '0.0.0.0' || at.hostname === '[::]') at.hostname = '127.0.0.1';
  return at.origin;
}
