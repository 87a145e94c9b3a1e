import type { IncomingMessage, ServerResponse } from 'node:http';

/** A request and its answer as Node has them. */
export type NodePair = {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  /** The body may take as long as it takes. */
  untimed: () => void;
};
