import { type ReactNode, useState } from 'react';
import type { OutputOf } from 'turnkeep/client';
import { useAttempt } from '../composer/use-attempt.ts';
import { useConsole } from '../state/context.ts';
import { exact, oneLine } from '../text/harmless.ts';
import { Problem } from './dialog.tsx';

type Files = OutputOf<'snapshots.restore'>['files'];
type Step =
  | { at: 'begin' }
  | { at: 'planned'; files: Files; to: 'before' | 'after' }
  | { at: 'done'; files: Files; to: 'before' | 'after' };

interface Props {
  session: string;
  run: string;
  restored: () => void;
}

/** Puts the files of a run back: first what would be done, then doing it, then taking that back. */
export function Restore({ session, run, restored }: Props): ReactNode {
  const { client } = useConsole();
  const { problem, busy, attempt } = useAttempt();
  const [step, setStep] = useState<Step>({ at: 'begin' });
  const [force, setForce] = useState(false);
  const plan = (to: 'before' | 'after', of?: Files) =>
    attempt(async () => {
      const paths = of === undefined ? {} : { paths: of.map(({ path }) => path) };
      const asked = { session, run, to, ...paths, dryRun: true };
      const { files } = await client.snapshots.restore(asked);
      setForce(false);
      setStep({ at: 'planned', files, to });
    });
  // Only those: one that was changed since would have all of them refused.
  const put = (to: 'before' | 'after', planned: Files) =>
    attempt(async () => {
      const paths = chosen(planned, force).map(({ path }) => path);
      const { files } = await client.snapshots.restore({ session, run, to, paths, force });
      setStep({ at: 'done', files, to });
      restored();
    });
  return (
    <section className="restore" aria-label="Put files back">
      {step.at === 'begin' && (
        <button
          type="button"
          className="button"
          disabled={busy}
          onClick={() => void plan('before')}
        >
          Put back as before the run …
        </button>
      )}
      {step.at === 'planned' && (
        <>
          <p>
            {step.to === 'before' ? 'As they were before the run' : 'As the run left them'}: nothing
            is done yet.
          </p>
          <Outcomes files={step.files} planned />
          {step.files.some(({ outcome }) => outcome === 'changed') && (
            <label>
              <input
                type="checkbox"
                checked={force}
                onChange={(event) => setForce(event.target.checked)}
              />
              Also files that were changed since; what they are now is lost
            </label>
          )}
          <div className="ways">
            <button type="button" className="button" onClick={() => setStep({ at: 'begin' })}>
              Cancel
            </button>
            <button
              type="button"
              className="button primary"
              disabled={busy || chosen(step.files, force).length === 0}
              onClick={() => void put(step.to, step.files)}
            >
              Put {chosen(step.files, force).length} back
            </button>
          </div>
        </>
      )}
      {step.at === 'done' && (
        <>
          <Outcomes files={step.files} planned={false} />
          <button
            type="button"
            className="button"
            disabled={busy}
            onClick={() => void plan(step.to === 'before' ? 'after' : 'before', step.files)}
          >
            {step.to === 'before' ? 'Take that back …' : 'Put back as before the run …'}
          </button>
        </>
      )}
      <Problem text={problem === null ? null : oneLine(problem, 400)} />
    </section>
  );
}

/** What is put back of what was planned. */
function chosen(files: Files, force: boolean): Files {
  return files.filter(({ outcome }) => outcome === 'restored' || (force && outcome === 'changed'));
}

type Outcome = Files[number]['outcome'];
const planText: Record<Outcome, string> = {
  restored: 'would be put back',
  same: 'is so already',
  changed: 'was changed since: left alone',
  failed: 'cannot be put back',
};
const doneText: Record<Outcome, string> = {
  restored: 'put back',
  same: 'was so already',
  changed: 'was changed since: left alone',
  failed: 'could not be put back',
};

function Outcomes({ files, planned }: { files: Files; planned: boolean }): ReactNode {
  return (
    <ul className="outcomes">
      {files.map(({ path, outcome, message }) => (
        <li key={path} className={outcome}>
          <bdi>{exact(path)}</bdi> <span>{(planned ? planText : doneText)[outcome]}</span>
          {message !== undefined && <span className="hint"> {oneLine(message, 200)}</span>}
        </li>
      ))}
    </ul>
  );
}
