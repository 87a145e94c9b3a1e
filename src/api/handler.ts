import type { Engine } from '../engine/engine.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logins } from '../ports/console.ts';
import type { FindFiles } from '../ports/find.ts';
import type { HookOps } from '../ports/hooks.ts';
import type { MoveOps } from '../ports/moves.ts';
import type { Store } from '../ports/store.ts';
import type { OperationName, OutputOf, ParsedInputOf, StreamName } from '../protocol/operations.ts';
import type { JsonText } from './answer.ts';
import type { Caller } from './caller.ts';
import type { ApiConfig } from './options.ts';

/**
 * Operations that open or close a feed on a socket; all others are asked and answered on every
 * face.
 */
export type FeedName = Extract<OperationName, `feeds.${string}`>;
export type UnaryName = Exclude<OperationName, FeedName | StreamName>;
export type DownloadName = 'sessions.export';
export type UploadName = Exclude<StreamName, DownloadName>;

/** What a handler works with: the ports, and the call that it answers. */
export interface Context {
  engine: Engine;
  store: Store;
  clock: Clock;
  config: ApiConfig;
  hooks: HookOps;
  moves: MoveOps;
  findFiles: FindFiles;
  /** Undefined where no console is served. */
  logins: Logins | undefined;
  caller: Caller;
  /** Id of the session that an id or key names; `not_found` where the caller may not see it. */
  session(name: string): Promise<string>;
  /** Whether the caller may see the session with this id. */
  sees: (session: string) => Promise<boolean>;
  /** The only sessions that the caller sees, for filters; null for all. */
  seen: () => Promise<readonly string[] | null>;
  /** Whether there is or was a session with this id, deleted or purged by now, that the caller may see. */
  wasHere(session: string): Promise<boolean>;
  /** Whether the caller may make sessions of any name. */
  mayCreate(): boolean;
  /** Closes the streams and sockets of a token that was revoked, and lets it in no more. */
  revoked(token: string): void;
  /** Does something once the answer has left. */
  afterAnswer(call: () => void): void;
  shutdown(mode: 'stop' | 'detach'): void;
}

export type Handler<Name extends UnaryName> = (
  input: ParsedInputOf<Name>,
  context: Context,
) => Promise<OutputOf<Name> | JsonText>;

/** One handler per operation: a missing one does not compile. */
export type Handlers = { readonly [Name in UnaryName]: Handler<Name> };

/** Answers pieces of text; its first one comes after everything that it can be refused for. */
export type DownloadHandler<Name extends DownloadName> = (
  input: ParsedInputOf<Name>,
  context: Context,
) => AsyncGenerator<string>;

/** Takes the body as it comes: what is not asked for waits at the sender. */
export type UploadHandler<Name extends UploadName> = (
  input: ParsedInputOf<Name>,
  context: Context,
  chunks: AsyncIterable<Uint8Array>,
) => Promise<OutputOf<Name>>;

export type StreamHandlers = { readonly [Name in DownloadName]: DownloadHandler<Name> } & {
  readonly [Name in UploadName]: UploadHandler<Name>;
};
