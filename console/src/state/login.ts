import { redeemCode } from 'turnkeep/client';

const pageName = 'turnkeep.page';

/** The one-time code of a link, which no longer stands in the address afterwards. */
export function takeCode(): string | null {
  const code = new URLSearchParams(location.hash.slice(1)).get('code');
  if (code !== null) history.replaceState(null, '', location.pathname);
  return code;
}

/**
 * The page's half of the login. All tabs have the one that this browser keeps; where it keeps nothing, it is
 * held for as long as the page is open.
 */
export class Login {
  #held: string | null = null;

  /** Null where this browser has none. */
  page(): string | null {
    try {
      return localStorage.getItem(pageName) ?? this.#held;
    } catch {
      // Not allowed here: `lasts` says so to whoever asks.
      return this.#held;
    }
  }

  /** Whether this browser keeps it. */
  get lasts(): boolean {
    return this.#held === null;
  }

  /** Takes the half for the code of a link; throws the refusal where there is none. */
  async redeem(code: string): Promise<void> {
    const page = await redeemCode(location.origin, code);
    this.#held = null;
    try {
      localStorage.setItem(pageName, page);
    } catch (error) {
      console.warn('The login is not kept', error);
      this.#held = page;
    }
  }

  /** Forgets a half that has ended, but none that another tab has got meanwhile. */
  forget(page: string): void {
    if (this.page() !== page) return;
    if (this.#held === null) localStorage.removeItem(pageName);
    this.#held = null;
  }

  /** Tells when another tab logs this browser in anew. */
  watch(tell: () => void): void {
    addEventListener('storage', ({ key, newValue }) => {
      if (key === pageName && newValue !== null) tell();
    });
  }
}
