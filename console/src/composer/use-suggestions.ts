import { useEffect, useState } from 'react';
import { RefusalError } from 'turnkeep/client';
import { useConsole } from '../state/context.ts';
import type { Agent } from './agent.ts';
import type { Mention } from './mention.ts';

export interface Suggestion {
  /** As it is put into the text. */
  value: string;
  more: string;
}

const most = 12;
/** A search waits for the next letter. */
const calmMs = 90;

/** What may be meant: commands of the agent, or files of the session's directory. */
export function useSuggestions(
  session: string,
  mention: Mention | null,
  agent: Agent | undefined,
): readonly Suggestion[] {
  const files = useFiles(session, mention?.type === 'file' ? mention.query : null);
  if (mention === null) return [];
  if (mention.type === 'file') return files;
  const wanted = mention.query.toLowerCase();
  const commands = agent?.found?.commands ?? [];
  const fitting = commands.filter(({ name }) => name.toLowerCase().includes(wanted));
  return fitting
    .toSorted((a, b) => rank(a.name, wanted) - rank(b.name, wanted))
    .slice(0, most)
    .map(({ name, hint, description }) => ({
      value: name,
      more: [hint === undefined ? '' : `<${hint}>`, description ?? ''].join(' ').trim(),
    }));
}

function rank(name: string, wanted: string): number {
  return name.toLowerCase().startsWith(wanted) ? 0 : 1;
}

function useFiles(session: string, query: string | null): readonly Suggestion[] {
  const { client } = useConsole();
  const [found, setFound] = useState<readonly Suggestion[]>([]);
  useEffect(() => {
    if (query === null) return undefined;
    const stop = new AbortController();
    const { signal } = stop;
    const ask = () =>
      client.files.find({ session, query, limit: most }, { signal }).then(
        ({ files }) => setFound(files.map(({ path }) => ({ value: path, more: '' }))),
        (error: unknown) => {
          // A name can be typed to its end all the same.
          if (!signal.aborted && !(error instanceof RefusalError)) throw error;
        },
      );
    const timer = setTimeout(() => void ask(), calmMs);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [client, session, query]);
  // Until its answer is there, what was found before: never what does not fit, which a key would choose.
  return query === null ? [] : found.filter(({ value }) => fits(value, query));
}

/** Whether the letters come in this order, as the daemon has it. */
function fits(path: string, query: string): boolean {
  const lower = path.toLowerCase();
  let at = 0;
  for (const letter of query.toLowerCase()) {
    at = lower.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}
