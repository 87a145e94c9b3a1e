import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../ports/clock.ts';
import type { LoginHalves, Logins } from '../ports/console.ts';
import type { TokenRow, TokenStore } from '../ports/store.ts';
import { loginName } from './login-name.ts';

const codeMs = 10 * 60_000;
const wrongTries = 5;
/** Open at once; the oldest gives way. */
const openCodes = 16;
const day = 86_400_000;
/** A browser that does not come back for so long has to log in again. */
const idleMs = 30 * day;
/** A login that administers ends after that, however much it is used. */
const adminMs = day;
/** When a login was last used is written down at most this often: looking costs hardly any writing. */
const notedMs = 10 * 60_000;
/** What a person at the console may do: all but what is the operator's at the machine. */
const scopes = ['view', 'drive', 'approve', 'manage'];
const codePattern = /^([a-z0-9]{6})\.([A-Za-z0-9_-]{22})$/;
const halfPattern = /^[A-Za-z0-9_-]{43}$/;

interface Code {
  digest: Buffer;
  admin: boolean;
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

  issue({ admin }: { admin: boolean }): { code: string; expiresAt: string } {
    const name = randomBytes(6).toString('hex').slice(0, 6);
    const secret = randomBytes(16).toString('base64url');
    const until = this.#clock.now() + codeMs;
    const [oldest] = this.#codes.keys();
    if (this.#codes.size >= openCodes && oldest !== undefined) this.#codes.delete(oldest);
    this.#codes.set(name, { digest: digestOf(secret), admin, until, tries: 0 });
    return { code: `${name}.${secret}`, expiresAt: new Date(until).toISOString() };
  }

  async redeem(given: string, browser: string | undefined): Promise<LoginHalves | undefined> {
    const [, name = '', secret = ''] = codePattern.exec(given) ?? [];
    const code = this.#codes.get(name);
    if (code === undefined) return undefined;
    const right = timingSafeEqual(code.digest, digestOf(secret));
    code.tries += right ? 0 : 1;
    const over = this.#clock.now() >= code.until;
    // Before anything is waited for: of two who give it at once, one is let in.
    if (right || over || code.tries >= wrongTries) this.#codes.delete(name);
    return right && !over ? this.#logIn(loginName(browser), code.admin) : undefined;
  }

  async find(halves: LoginHalves): Promise<TokenRow | undefined> {
    if (!halfPattern.test(halves.cookie) || !halfPattern.test(halves.page)) return undefined;
    const digest = loginDigest(halves);
    const row = await this.#tokens.byDigest(digest);
    if (row === undefined || !timingSafeEqual(Buffer.from(row.digest), Buffer.from(digest))) {
      return undefined;
    }
    await this.#note(row);
    return row;
  }

  async list(): Promise<readonly TokenRow[]> {
    const now = this.#clock.now();
    const rows = await this.#tokens.list();
    return rows.filter(
      ({ usedAt, revokedAt, expiresAt }) =>
        usedAt !== undefined &&
        revokedAt === null &&
        (expiresAt === null || Date.parse(expiresAt) > now),
    );
  }

  async #logIn(name: string, admin: boolean): Promise<LoginHalves> {
    const halves = { cookie: half(), page: half() };
    const now = this.#clock.now();
    const at = new Date(now).toISOString();
    await this.#tokens.create({
      id: this.#clock.newId(),
      name,
      digest: loginDigest(halves),
      user: null,
      scopes: admin ? [...scopes, 'admin'] : scopes,
      sessions: null,
      usedAt: at,
      createdAt: at,
      expiresAt: new Date(now + (admin ? adminMs : idleMs)).toISOString(),
      revokedAt: null,
    });
    return halves;
  }

  async #note({ id, scopes: held, usedAt, expiresAt }: TokenRow): Promise<void> {
    const now = this.#clock.now();
    if (usedAt === undefined || expiresAt === null || Date.parse(expiresAt) <= now) return;
    if (now - Date.parse(usedAt) < notedMs) return;
    const until = held.includes('admin') ? expiresAt : new Date(now + idleMs).toISOString();
    await this.#tokens.use(id, new Date(now).toISOString(), until);
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
