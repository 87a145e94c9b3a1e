import type { Client } from '../client/client.ts';

/** A session and the way to its daemon. */
export interface Inside {
  client: Client;
  session: string;
}
