import { type ReactNode, useState } from 'react';
import type { Client, OutputOf } from 'turnkeep/client';
import { useConsole } from '../state/context.ts';
import { exact, oneLine } from '../text/harmless.ts';
import { useAsked } from './asked.ts';
import { Dialog, Problem } from './dialog.tsx';
import { Restore } from './restore.tsx';
import { Unified } from './unified.tsx';
import '../tools/tools.css';

type File = OutputOf<'snapshots.diff'>['files'][number];

/** So many files are shown; the others are told. */
const mostFiles = 200;

interface Props {
  session: string;
  /** Only what this run changed; else all of the session. */
  run?: string;
  close: () => void;
}

/** What an agent changed in files, and a way to put them back. */
export default function FilesDialog({ session, run, close }: Props): ReactNode {
  const { client } = useConsole();
  const [done, setDone] = useState(0);
  const of = run === undefined ? { session } : { session, run };
  const asked = useAsked(`${run ?? ''}:${done}`, (signal) => filesOf(client, of, signal));
  return (
    <Dialog
      title={run === undefined ? 'Files changed' : 'Files changed by this run'}
      close={close}
      wide
    >
      {run !== undefined && (
        <Restore session={session} run={run} restored={() => setDone((count) => count + 1)} />
      )}
      {asked.state === 'asking' && <p className="hint">Comparing …</p>}
      {asked.state === 'refused' && <Problem text={oneLine(asked.message, 400)} />}
      {asked.state === 'there' && asked.value.files.length === 0 && (
        <p>No file was changed that the daemon knows of.</p>
      )}
      {asked.state === 'there' && asked.value.files.length > 0 && (
        <>
          {asked.value.files.map((file) => (
            <FileChange key={file.path} file={file} />
          ))}
          {asked.value.more && <p className="hint">There are more: the log names them.</p>}
        </>
      )}
    </Dialog>
  );
}

async function filesOf(
  client: Client,
  of: { session: string; run?: string },
  signal: AbortSignal,
): Promise<{ files: readonly File[]; more: boolean }> {
  const { files, next } = await client.snapshots.diff({ ...of, limit: mostFiles }, { signal });
  return { files, more: next !== null };
}

const reasons = {
  binary: 'It is no text.',
  large: 'It is too large to be compared.',
  unknown: 'What was there before is not known.',
  full: 'There is too much to show all at once.',
};

function FileChange({ file }: { file: File }): ReactNode {
  return (
    <details className="file-change" open={(file.diff?.length ?? 0) < 20_000}>
      <summary>
        <bdi>{exact(file.path)}</bdi> <span className="hint">{file.change}</span>
      </summary>
      {file.diff !== null && file.diff !== '' && <Unified diff={file.diff} />}
      {file.diff === null && (
        <p className="hint">{file.none === undefined ? 'Nothing to show.' : reasons[file.none]}</p>
      )}
    </details>
  );
}
