import type { Engine } from '../engine/engine.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logins, Pages } from '../ports/console.ts';
import type { FindFiles } from '../ports/find.ts';
import type { HookOps } from '../ports/hooks.ts';
import type { MoveOps } from '../ports/moves.ts';
import type { Store } from '../ports/store.ts';

/** What the faces are built from. Nothing of it is made here: wiring is the app's. */
export interface ApiOptions {
  engine: Engine;
  store: Store;
  clock: Clock;
  config: ApiConfig;
  /** Without it there are none. */
  hooks?: HookOps;
  /** The console; without it there is none, and pages of this address may not ask. */
  pages?: Pages;
  logins?: Logins;
  /** Serves editors at `/acp`; without it there is no such place. */
  editors?: ServeEditor;
  /** Moves sessions to other daemons; without it none is moved. */
  moves?: MoveOps;
  /** Without it none is found. */
  findFiles?: FindFiles;
  /**
   * Called once an answer to `server.shutdown` has left (or its caller has gone). The engine has
   * been shut down by then; what is left is to close the listeners and to end the process.
   */
  shutdown: (mode: 'stop' | 'detach') => void;
  log: (event: ApiLogEvent) => void;
}

export interface ApiConfig {
  version: string;
  /** Id of the state directory. */
  server: string;
  /** ISO 8601 UTC. */
  startedAt: string;
  /** Directory of sessions that name none. */
  defaultCwd: string | null;
  /** Names that may stand in `Host` beside the loopback ones, with or without a port. */
  hosts?: readonly string[];
  /** Origins whose pages may ask. Without any, nothing that names an origin is answered. */
  origins?: readonly string[];
  /** The agent whose transcripts programs write and read by session ingress; without it there is none. */
  transcripts?: string;
  /** Where people reach the console from elsewhere, as `https://box.example`. */
  publicUrl?: string;
  /** Bytes of a body or WebSocket frame; default `limits.bodyBytes`. */
  bodyBytes?: number;
  /** Connections of one listener; default `limits.connections`. */
  connections?: number;
}

/** Something that only the operator can mend. Carries no input and no credential of a caller. */
export interface ApiLogEvent {
  event: 'request.failed' | 'feed.failed' | 'listener.failed';
  /** As in the answer's `x-request-id`. */
  request?: string;
  operation?: string;
  error: unknown;
}

/** A connection to an editor: one message of the Agent Client Protocol in each frame. */
export interface EditorSocket {
  readable: ReadableStream<object>;
  writable: WritableStream<object>;
  /** The token's secret: what the editor asks for, it asks for with this. */
  secret: string;
}

/** Serves an editor; the answer ends that. */
export type ServeEditor = (editor: EditorSocket) => { close(): void };
