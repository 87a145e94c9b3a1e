/**
 * The client of a Turnkeep daemon, for browsers and everything else that has `fetch` and WebSockets.
 * `turnkeep/client/node` adds what Node needs to find a daemon of this machine.
 */
export { type Client, type ClientOptions, createClient } from './client.ts';
export type { FollowOptions, WatchOptions } from './client.ts';
export type { Call, CallGroups, CallName, CallOptions } from './calls.ts';
export type { FeedEvent, FeedState, Part, PartialEvent } from './feed-event.ts';
export type { FetchLike } from './http-call.ts';
export type { TokenSource } from './ingress/access.ts';
export {
  type Appender,
  type AppenderOptions,
  createAppender,
  type IngressOptions,
  type Receipt,
  type WaitingLog,
} from './ingress/appender.ts';
export type { AppendResult } from './ingress/append-result.ts';
export type { IngressEvent } from './ingress/event.ts';
export { hydrate, teleport } from './ingress/readers.ts';
export type { ConflictPolicy } from './ingress/log-writer.ts';
export type { Outbox } from './ingress/outbox.ts';
export type { LogEntry, LogEvent } from './ingress/read-log.ts';
export type { Reading, ReadEnd } from './ingress/reading.ts';
export type { ListEvent, ListFilter } from './list-feed.ts';
export type { Pace } from './pace.ts';
export { newId } from './new-id.ts';
export { endLogin, pageAccess, redeemCode, renewLogin } from './page.ts';
export { closeCodes, type MakeSocket, type SocketIdentity, type WebSocketLike } from './socket.ts';
export type { ContentBlock, PlanItem, ToolCall, ToolContent, ToolKind } from '../domain/content.ts';
export type { Entry, EntryKind, EntryOf } from '../domain/entry.ts';
export type { BlobCalls, LogSource, StreamCalls, StreamOptions } from './streams.ts';
export { type Refusal, type RefusalCode, RefusalError } from '../domain/refusal.ts';
export type { SessionRow } from '../domain/row.ts';
export type { InputOf, OperationName, OutputOf } from '../protocol/operations.ts';
