import type { Handler } from '../handler.ts';

/** Asks nothing of anything, so that it answers while all else waits. */
export const serverHealth: Handler<'server.health'> = async () => ({ ok: true });
