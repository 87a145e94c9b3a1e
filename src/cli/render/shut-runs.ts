import { oneLine } from '../clean.ts';

/** What a daemon that ends has stopped or left working: a line for each run, idle agents as a number. */
export function renderShutRuns(
  mode: 'stop' | 'detach',
  runs: readonly { session: string; run: string | null; outcome: string | null }[],
): string[] {
  const open = runs.filter(({ run }) => run !== null);
  const idle = runs.length - open.length;
  const agents = `${idle} idle agent${idle === 1 ? '' : 's'} ${mode === 'stop' ? 'ended' : 'left'}`;
  const rest = idle === 0 ? '' : ` ${agents}.`;
  if (open.length === 0) return [`Ended. No run was open.${rest}`];
  const head = mode === 'stop' ? 'Ended. Stopped:' : 'Ended. Still working:';
  const lines = open.map(({ session, run, outcome }) => {
    const how = outcome === null ? '' : `  ${oneLine(outcome)}`;
    return `  ${oneLine(session)}  run ${oneLine(run ?? '')}${how}`;
  });
  return [head, ...lines, ...(idle === 0 ? [] : [`  ${agents}`])];
}
