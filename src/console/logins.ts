import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../ports/clock.ts';
import type { LoginHalves, Logins } from '../ports/console.ts';
import type { TokenRow, TokenStore } from '../ports/store.ts';

const codeMs = 10 * 60_000;
const wrongTries = 5;
/** Open at once; the oldest gives way. */
const openCodes = 16;
const day = 86_400_000;
/** A browser that does not come back for so long has to log in again. */
const idleMs = 30 * day;
/** What a person at the console may do: all but what is the operator's at the machine. */
const scopes = ['view', 'drive', 'approve', 'manage'];
const loginName = 'console';
const codePattern = /^([a-z0-9]{6})\.([A-Za-z0-9_-]{22})$/;
const halfPattern = /^[A-Za-z0-9_-]{43}$/;

interface Code {
  digest: Buffer;
  until: number;
  tries: number;
}

/** Codes live in memory only: with the daemon they end, and another one is asked for. */
export class CodeLogins implements Logins {
  readonly #tokens: TokenStore;
  readonly #clock: Clock;
  /** By the part of the code that names it. */
  readonly #codes = new Map<string, Code>();

  constructor(tokens: TokenStore, clock: Clock) {
    this.#tokens = tokens;
    this.#clock = clock;
  }

  issue(): { code: string; expiresAt: string } {
    const name = randomBytes(6).toString('hex').slice(0, 6);
    const secret = randomBytes(16).toString('base64url');
    const until = this.#clock.now() + codeMs;
    const [oldest] = this.#codes.keys();
    if (this.#codes.size >= openCodes && oldest !== undefined) this.#codes.delete(oldest);
    this.#codes.set(name, { digest: digestOf(secret), until, tries: 0 });
    return { code: `${name}.${secret}`, expiresAt: new Date(until).toISOString() };
  }

  async redeem(given: string): Promise<LoginHalves | undefined> {
    const [, name = '', secret = ''] = codePattern.exec(given) ?? [];
    const code = this.#codes.get(name);
    if (code === undefined) return undefined;
    const right = timingSafeEqual(code.digest, digestOf(secret));
    code.tries += right ? 0 : 1;
    const over = this.#clock.now() >= code.until;
    // Before anything is waited for: of two who give it at once, one is let in.
    if (right || over || code.tries >= wrongTries) this.#codes.delete(name);
    return right && !over ? this.#logIn() : undefined;
  }

  async find(halves: LoginHalves): Promise<TokenRow | undefined> {
    if (!halfPattern.test(halves.cookie) || !halfPattern.test(halves.page)) return undefined;
    const digest = loginDigest(halves);
    const row = await this.#tokens.byDigest(digest);
    if (row === undefined || !timingSafeEqual(Buffer.from(row.digest), Buffer.from(digest))) {
      return undefined;
    }
    await this.#prolong(row);
    return row;
  }

  async #logIn(): Promise<LoginHalves> {
    const halves = { cookie: half(), page: half() };
    const now = this.#clock.now();
    await this.#tokens.create({
      id: this.#clock.newId(),
      name: loginName,
      digest: loginDigest(halves),
      user: null,
      scopes,
      sessions: null,
      createdAt: new Date(now).toISOString(),
      expiresAt: new Date(now + idleMs).toISOString(),
      revokedAt: null,
    });
    return halves;
  }

  /** At most once a day for each login, so that looking costs no writing. */
  async #prolong(row: TokenRow): Promise<void> {
    const now = this.#clock.now();
    const left = row.expiresAt === null ? idleMs : Date.parse(row.expiresAt) - now;
    if (left <= 0 || left > idleMs - day) return;
    await this.#tokens.prolong(row.id, new Date(now + idleMs).toISOString());
  }
}

function half(): string {
  return randomBytes(32).toString('base64url');
}

/** The only form in which a login is kept. It begins as no token does: neither half is one. */
function loginDigest({ cookie, page }: LoginHalves): string {
  return createHash('sha256').update(`login ${cookie} ${page}`).digest('hex');
}

function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
