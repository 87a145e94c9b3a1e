import { redeemCode } from 'turnkeep/client';

const pageName = 'turnkeep.page';

/** The page's half of the login; null where this browser has none. */
function pageKey(): string | null {
  return localStorage.getItem(pageName);
}

export function forgetPageKey(): void {
  localStorage.removeItem(pageName);
}

/** The one-time code of a link, which no longer stands in the address afterwards. */
export function takeCode(): string | null {
  const code = new URLSearchParams(location.hash.slice(1)).get('code');
  if (code !== null) history.replaceState(null, '', location.pathname);
  return code;
}

/** The page's half of the login, by the code of a link where there is one; `refused`: that code was not taken. */
export interface Entrance {
  page: string | null;
  refused: boolean;
}

/** Who is logged in already stays so, also with a link that was used before. */
export async function enter(code: string | null): Promise<Entrance> {
  const refused = code !== null && !(await logIn(code));
  return { page: pageKey(), refused };
}

/** Answers whether the browser is logged in now. */
async function logIn(code: string): Promise<boolean> {
  const page = await redeemCode(location.origin, code);
  if (page === null) return false;
  localStorage.setItem(pageName, page);
  return true;
}
