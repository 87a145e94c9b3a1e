import { oneLine } from '../clean.ts';

/** What a daemon that ends has stopped or left working, a line each. */
export function renderShutRuns(
  mode: 'stop' | 'detach',
  runs: readonly { session: string; run: string | null; outcome: string | null }[],
): string[] {
  if (runs.length === 0) return ['Ended. No run was open.'];
  const head = mode === 'stop' ? 'Ended. Stopped:' : 'Ended. Still working:';
  return [
    head,
    ...runs.map(({ session, run, outcome }) => {
      const what = run === null ? 'idle host' : `run ${oneLine(run)}`;
      return `  ${oneLine(session)}  ${what}${outcome === null ? '' : `  ${oneLine(outcome)}`}`;
    }),
  ];
}
