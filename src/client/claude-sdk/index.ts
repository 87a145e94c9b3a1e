/** Keeps sessions of the Claude Agent SDK in Turnkeep. */
export { type MirrorOptions, type MirrorStore, sessionStore } from './mirror.ts';
export type {
  FoldSummary,
  SessionKey,
  SessionStore,
  SessionStoreEntry,
  SessionSummaryEntry,
} from './session-store.ts';
