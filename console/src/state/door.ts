import { RefusalError } from 'turnkeep/client';
import { Cell } from './cell.ts';
import { Console } from './console.ts';
import { Login, takeCode } from './login.ts';

/** Why a page is not let in. */
export type Why = 'none' | 'code' | 'unanswered' | 'ended' | 'unkept' | 'left';

export type Access =
  | { state: 'asking' }
  | {
      state: 'out';
      why: Why;
      /** What the daemon said, or that it said nothing. */
      problem: string | null;
      /** The same once more, where that may help. */
      again: (() => void) | null;
    }
  | { state: 'in'; console: Console };

/** Lets this page in by the login of its browser or the code of a link, and out when that has ended. */
export class Door {
  readonly access = new Cell<Access>({ state: 'asking' });
  readonly #login = new Login();

  /** Comes before anything else: a code must not stay in the address, where it would be copied or kept. */
  open(): void {
    void this.#enter(takeCode());
    // A link that is put into the address of a page that is open loads nothing.
    addEventListener('hashchange', () => {
      const code = takeCode();
      if (code !== null) void this.#enter(code);
    });
    this.#login.watch(() => this.#takeKept());
  }

  /** The login of this page's console is over. */
  end(console: Console, why: 'ended' | 'left'): void {
    console.close();
    this.#login.forget(console.page);
    const { page, lasts } = { page: this.#login.page(), lasts: this.#login.lasts };
    // Another tab has logged this browser in anew.
    if (page !== null && page !== console.page) return this.#letIn(page);
    this.#letOut(why === 'ended' && !lasts ? 'unkept' : why);
  }

  /** Who is logged in already stays so, also with a link that was used before. */
  async #enter(code: string | null): Promise<void> {
    const refused = code === null ? null : await this.#redeem(code);
    if (this.#takeKept()) return;
    if (refused === null || code === null) return this.#letOut('none');
    const { code: why, message } = refused.refusal;
    if (why === 'unauthenticated') return this.#letOut('code');
    this.#letOut('unanswered', { problem: message, again: () => void this.#enter(code) });
  }

  async #redeem(code: string): Promise<RefusalError | null> {
    try {
      await this.#login.redeem(code);
      return null;
    } catch (error) {
      if (!(error instanceof RefusalError)) throw error;
      return error;
    }
  }

  /** Answers whether this browser has a login, which this page has then, too. */
  #takeKept(): boolean {
    const page = this.#login.page();
    if (page === null) return false;
    const now = this.access.get();
    if (now.state === 'in' && now.console.page === page) return true;
    if (now.state === 'in') now.console.close();
    this.#letIn(page);
    return true;
  }

  #letIn(page: string): void {
    const console = new Console(page);
    console.start();
    this.access.set({ state: 'in', console });
  }

  #letOut(why: Why, more: { problem: string; again: () => void } | null = null): void {
    this.access.set({ state: 'out', why, problem: null, again: null, ...more });
  }
}
