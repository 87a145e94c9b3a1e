import { type ReactNode, useEffect, useState } from 'react';
import { useCell } from '../../state/cell.ts';
import { useConsole } from '../../state/context.ts';
import { useAnswer } from '../../state/question.ts';
import { exact, oneLine } from '../../text/harmless.ts';

/** So many can be picked; the others come up as one writes. */
const mostPicks = 4;

interface Directories {
  directories: readonly string[];
  directory: string;
  setDirectory: (directory: string) => void;
}

/** Where the agent is to work: written, or one of those that are known. */
export function DirectoryField({
  directories,
  directory,
  setDirectory,
  problem,
}: Directories & { problem: string | null }): ReactNode {
  const picks = directories.slice(0, mostPicks).filter((one) => one !== directory);
  return (
    <div>
      <label>
        Directory
        <input
          className="field mono"
          value={directory}
          list="directories"
          placeholder="/home/me/project"
          aria-invalid={problem !== null}
          aria-describedby={problem === null ? undefined : 'directory-problem'}
          onChange={(event) => setDirectory(event.target.value)}
        />
      </label>
      {problem !== null && (
        <p id="directory-problem" className="composer-problem" role="alert">
          {oneLine(problem, 400)}
        </p>
      )}
      <datalist id="directories">
        {directories.map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
      {picks.length > 0 && (
        <div className="picks" role="group" aria-label="Known directories">
          {picks.map((one) => (
            <button
              key={one}
              type="button"
              className="pick mono"
              title={exact(one)}
              onClick={() => setDirectory(one)}
            >
              <bdi>{exact(one)}</bdi>
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

/**
 * Directories of sessions that there are, the latest first, and that of the daemon; and the one that was
 * chosen. What is shown once stays, whatever sessions do meanwhile.
 */
export function useDirectories(): Directories {
  const { client, list } = useConsole();
  const rows = useCell(list.rows);
  const ready = useCell(list.ready);
  const { answer, problem } = useAnswer('', (signal) => client.server.info({}, { signal }));
  const latest = rows
    .values()
    .toArray()
    .toSorted((a, b) => (a.lastActivityAt < b.lastActivityAt ? 1 : -1))
    .map(({ cwd }) => cwd);
  // Nobody works in the root: a service is started there.
  const usual = [answer?.defaultCwd, answer?.cwd].flatMap((one) => one ?? []);
  const all = [...latest, ...usual].filter((one) => one !== '' && one !== '/');
  const directories = [...new Set(all)].slice(0, 30);
  const [chosen, setDirectory] = useState<string | null>(null);
  const known = ready && (rows.size > 0 || answer !== null || problem !== null);
  const first = known ? (directories[0] ?? null) : null;
  useEffect(() => setDirectory((now) => now ?? first), [first]);
  return { directories, directory: chosen ?? '', setDirectory };
}
