import type { IngressAccess } from './access.ts';
import type { Failure, Trying } from './attempts.ts';
import { NotThatJson, parsedJson } from './json-cutter.ts';
import { uuidOf } from './line.ts';
import { readPage } from './pages.ts';
import { ingressPath } from './put.ts';

/** The head of a log whose server does not tell it: its last entry that has a name. */
export async function headOfLog(
  access: IngressAccess,
  session: string,
  trying: Trying,
): Promise<{ head: string | null } | Failure> {
  const path = `${ingressPath(session)}?after_last_compact=true`;
  const page = readPage(access, { path, array: 'loglines' }, trying);
  let head: string | null = null;
  for (;;) {
    const { done, value } = await page.next();
    if (!done) {
      head = nameOf(value) ?? head;
      continue;
    }
    if (value.whole || value.why === 'missing') {
      access.onEvent('head_read', { status: value.whole ? 200 : 404, attempt: 0 });
      return { head };
    }
    const failed = value.why === 'no_credential' ? value.why : 'gave_up';
    return { failed, status: null };
  }
}

function nameOf(text: string): string | null {
  try {
    return uuidOf(parsedJson(text));
  } catch (error) {
    // Of a log that is not ours: what is no entry is no head.
    if (error instanceof NotThatJson) return null;
    throw error;
  }
}
