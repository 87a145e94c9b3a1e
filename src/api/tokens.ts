import { createHash, timingSafeEqual } from 'node:crypto';
import { refuse, type RefusalError } from '../domain/refusal.ts';
import type { Clock } from '../ports/clock.ts';
import type { LoginHalves, Logins } from '../ports/console.ts';
import type { TokenRow, TokenStore } from '../ports/store.ts';
import { callerOf, type Caller } from './caller.ts';
import { FailureLimiter } from './failure-limiter.ts';

/** What a request shows of itself. */
export interface Credentials {
  authorization: string | undefined;
  /** `x-turnkeep-client`: how the program names itself. */
  client: string | undefined;
  /** Of a browser; only both halves together are worth anything. */
  login: Partial<LoginHalves>;
  address: string;
}

/** A secret is `tk_` and 256 bits in base64url. */
const bearer = /^bearer +(tk_[A-Za-z0-9_-]{43})$/i;
const clientName = /^[\x20-\x7e]{1,100}$/;

/** The secret of credentials that were let in. */
export function secretOf({ authorization = '' }: Credentials): string {
  return bearer.exec(authorization)?.[1] ?? '';
}

/** Lower-case hex SHA-256: the only form in which a secret is kept. */
export function tokenDigest(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/**
 * Finds who a request is from. The look-up runs for every request, so that a revoked token is
 * refused at once and a valid one is never slowed; only failures are counted.
 */
export class Tokens {
  #store: TokenStore;
  #clock: Clock;
  #limiter: FailureLimiter;
  #logins: Logins | undefined;
  #revoked = new Set<string>();

  constructor(store: TokenStore, clock: Clock, logins?: Logins) {
    this.#logins = logins;
    this.#store = store;
    this.#clock = clock;
    this.#limiter = new FailureLimiter(clock);
  }

  async authenticate(credentials: Credentials): Promise<Caller> {
    const { authorization, client, address, login } = credentials;
    if (authorization === undefined && login.page === undefined) {
      throw refuse('unauthenticated', 'Give a token: Authorization: Bearer tk_…');
    }
    const row = await (authorization === undefined
      ? this.#findLogin(login)
      : this.#findBearer(authorization));
    if (row === undefined) throw this.#failed(address, 'This token is not known here.');
    if (this.#isRevoked(row)) throw this.#failed(address, 'This token was revoked.');
    if (this.#isExpired(row)) throw this.#failed(address, 'This token has expired.');
    if (client !== undefined && !clientName.test(client)) {
      throw refuse('invalid', 'A client names itself in 1 to 100 printable ASCII characters.', {
        field: 'x-turnkeep-client',
      });
    }
    return callerOf(row, client);
  }

  /** Whether a caller who was let in before would be let in now. */
  isCurrent(caller: Caller): boolean {
    return !this.#revoked.has(caller.token) && !this.#isExpired(caller);
  }

  /** Remembered beside the store, so that a look-up which was under way lets nobody in any more. */
  revoke(token: string): void {
    this.#revoked.add(token);
  }

  /** The halves of a new login for the code of a link. `browser` is what it says of itself. */
  async logIn(
    code: string,
    from: { address: string; browser: string | undefined },
  ): Promise<LoginHalves> {
    const halves = await this.#logins?.redeem(code, from.browser);
    if (halves !== undefined) return halves;
    throw this.#failed(from.address, 'This code is not known here, was used, or is too old.');
  }

  async #findLogin({ cookie, page }: Partial<LoginHalves>): Promise<TokenRow | undefined> {
    if (cookie === undefined || page === undefined) return undefined;
    return this.#logins?.find({ cookie, page });
  }

  async #findBearer(authorization: string): Promise<TokenRow | undefined> {
    const secret = bearer.exec(authorization)?.[1];
    if (secret === undefined) return undefined;
    const digest = tokenDigest(secret);
    const row = await this.#store.byDigest(digest);
    if (row === undefined || row.digest.length !== digest.length) return undefined;
    return timingSafeEqual(Buffer.from(row.digest), Buffer.from(digest)) ? row : undefined;
  }

  #isRevoked(row: TokenRow): boolean {
    return row.revokedAt !== null || this.#revoked.has(row.id);
  }

  #isExpired(token: { expiresAt: string | null }): boolean {
    return token.expiresAt !== null && Date.parse(token.expiresAt) <= this.#clock.now();
  }

  #failed(address: string, message: string): RefusalError {
    const retryAfter = this.#limiter.fail(address);
    if (retryAfter === null) return refuse('unauthenticated', message);
    return refuse('limited', `Too many wrong tokens; try again in ${retryAfter} s.`, {
      data: { retryAfter },
    });
  }
}
