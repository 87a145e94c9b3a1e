import { renderUnicodeCompact } from 'uqr';
import type { Client } from '../client/client.ts';
import { nodeClient } from '../client/node/node-client.ts';
import { RefusalError } from '../domain/refusal.ts';

/** A link that logs one browser in. The code stands behind `#`, which no browser sends to any server. */
export interface ConsoleLink {
  link: string;
  /** The same from elsewhere, where the daemon was given a public address. */
  publicLink: string | null;
  expiresAt: string;
}

export async function makeConsoleLink(client: Client, url: string): Promise<ConsoleLink> {
  const { code, expiresAt, origin } = await client.logins.create();
  const link = (base: string) => `${base}/#code=${code}`;
  return {
    link: link(browsable(url)),
    publicLink: origin === null ? null : link(origin),
    expiresAt,
  };
}

/** A link to the daemon of a state directory; null where it serves no console. */
export async function linkTo(state: string, url: string): Promise<ConsoleLink | null> {
  const client = await nodeClient({ state, env: {} });
  try {
    return await makeConsoleLink(client, url);
  } catch (error) {
    if (error instanceof RefusalError && error.refusal.code === 'unsupported') return null;
    throw error;
  } finally {
    client.close();
  }
}

/** What people are shown: the link, and for the phone a code to scan. */
export function renderLink({ link, publicLink }: ConsoleLink): string {
  if (publicLink === null) return `Console: ${link}\n`;
  return `Console: ${link}\nFrom elsewhere: ${publicLink}\n\n${renderUnicodeCompact(publicLink)}\n`;
}

/** A browser is on this machine where the daemon listens at every address. */
function browsable(url: string): string {
  const at = new URL(url);
  if (at.hostname === '0.0.0.0' || at.hostname === '[::]') at.hostname = '127.0.0.1';
  return at.origin;
}
