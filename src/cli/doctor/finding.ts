/** What one check found. `todo` says what can be done about it. */
export interface Finding {
  check: string;
  state: 'ok' | 'warn' | 'fail';
  message: string;
  todo?: string;
}

export function ok(check: string, message: string): Finding {
  return { check, state: 'ok', message };
}

export function warn(check: string, message: string, todo?: string): Finding {
  return { check, state: 'warn', message, ...(todo === undefined ? {} : { todo }) };
}

export function fail(check: string, message: string, todo?: string): Finding {
  return { check, state: 'fail', message, ...(todo === undefined ? {} : { todo }) };
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
