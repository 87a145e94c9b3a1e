/**
 * The client of a Turnkeep daemon, for browsers and everything else that has `fetch` and WebSockets.
 * `turnkeep/client/node` adds what Node needs to find a daemon of this machine.
 */
export { type Client, type ClientOptions, createClient } from './client.ts';
export type { FollowOptions, WatchOptions } from './client.ts';
export type { Call, CallGroups, CallName, CallOptions } from './calls.ts';
export type { FeedEvent, FeedState, Part, PartialEvent } from './feed-event.ts';
export type { FetchLike } from './http-call.ts';
export type { ListEvent, ListFilter } from './list-feed.ts';
export type { Pace } from './pace.ts';
export { pageAccess, redeemCode } from './page.ts';
export { closeCodes, type MakeSocket, type SocketIdentity, type WebSocketLike } from './socket.ts';
export type { ContentBlock, PlanItem, ToolCall, ToolContent, ToolKind } from '../domain/content.ts';
export type { Entry, EntryKind, EntryOf } from '../domain/entry.ts';
export type { BlobCalls, LogSource, StreamCalls, StreamOptions } from './streams.ts';
export { type Refusal, type RefusalCode, RefusalError } from '../domain/refusal.ts';
export type { SessionRow } from '../domain/row.ts';
export type { InputOf, OperationName, OutputOf } from '../protocol/operations.ts';
