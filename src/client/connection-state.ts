/**
 * The life of a client's WebSocket:
 *
 *   idle ──wanted──▶ connecting ──opened──▶ open
 *    ▲                 │    ▲                │
 *    │              dropped └──due── waiting ◀─dropped
 *    └──unwanted── (from any of them)
 *
 * `closed` is for ever: the client was closed.
 */
export type ConnectionState = 'idle' | 'connecting' | 'open' | 'waiting' | 'closed';

/**
 * `wanted`: somebody subscribes. `unwanted`: the last subscriber left. `opened`, `dropped`: what the
 * socket tells. `due`: the back-off is over. `close`: the client is closed.
 */
export type ConnectionEvent = 'wanted' | 'unwanted' | 'opened' | 'dropped' | 'due' | 'close';

/**
 * What is to be done: make a socket, tell the subscribers that it is open, wait and try again, or let go
 * of socket and timer.
 */
export type ConnectionAction = 'dial' | 'announce' | 'back_off' | 'hang_up' | 'nothing';

export interface ConnectionStep {
  to: ConnectionState;
  action: ConnectionAction;
}

const stay = (to: ConnectionState): ConnectionStep => ({ to, action: 'nothing' });
const hangUp: ConnectionStep = { to: 'idle', action: 'hang_up' };
const close: ConnectionStep = { to: 'closed', action: 'hang_up' };

export const connectionTable: Record<ConnectionState, Record<ConnectionEvent, ConnectionStep>> = {
  idle: {
    wanted: { to: 'connecting', action: 'dial' },
    unwanted: stay('idle'),
    opened: stay('idle'),
    dropped: stay('idle'),
    due: stay('idle'),
    close,
  },
  connecting: {
    wanted: stay('connecting'),
    unwanted: hangUp,
    opened: { to: 'open', action: 'announce' },
    dropped: { to: 'waiting', action: 'back_off' },
    due: stay('connecting'),
    close,
  },
  open: {
    wanted: stay('open'),
    unwanted: hangUp,
    opened: stay('open'),
    dropped: { to: 'waiting', action: 'back_off' },
    due: stay('open'),
    close,
  },
  waiting: {
    wanted: stay('waiting'),
    unwanted: hangUp,
    opened: stay('waiting'),
    dropped: stay('waiting'),
    due: { to: 'connecting', action: 'dial' },
    close,
  },
  closed: {
    wanted: stay('closed'),
    unwanted: stay('closed'),
    opened: stay('closed'),
    dropped: stay('closed'),
    due: stay('closed'),
    close: stay('closed'),
  },
};
