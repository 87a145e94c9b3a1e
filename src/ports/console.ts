import type { TokenRow } from './store.ts';

/** A file of the console as a browser gets it. */
export interface PageFile {
  type: string;
  bytes: Uint8Array;
  /** The same, by gzip, where that is smaller. */
  gzip?: Uint8Array;
  /** Its name holds its digest: it never changes. */
  immutable: boolean;
}

/** The console's own files; they hold nothing of anybody and are served without a token. */
export interface Pages {
  /** What is at a path of the console; undefined where that is none of its paths. */
  at(path: string): Promise<PageFile | undefined>;
}

/**
 * The two halves of a browser's credential, each useless alone: a cookie, which goes to every port of the
 * host and which no script can read, and a key that only pages of the same origin can read.
 */
export interface LoginHalves {
  cookie: string;
  page: string;
}

/** Logs browsers in. A login is a token that nobody holds whole. */
export interface Logins {
  /** A code that logs one browser in, once; as one that administers only where that was asked for. */
  issue(wish: { admin: boolean }): { code: string; expiresAt: string };
  /** The halves for a code, which ends with that, and the `User-Agent` of who gives it; undefined where it is not known, used, too old or guessed at. */
  redeem(code: string, browser: string | undefined): Promise<LoginHalves | undefined>;
  /** The token of a login; one that is used lives on. */
  find(halves: LoginHalves): Promise<TokenRow | undefined>;
  /** Those that are in force. */
  list(): Promise<readonly TokenRow[]>;
}
