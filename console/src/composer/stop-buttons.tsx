import { type ReactNode, useState } from 'react';
import type { OutputOf, SessionRow } from 'turnkeep/client';
import { Icon } from '../parts/icon.tsx';
import { useConsole } from '../state/context.ts';
import { oneLine } from '../text/harmless.ts';
import { Menu } from './menu.tsx';
import type { Attempt } from './use-attempt.ts';

export type Proof = NonNullable<OutputOf<'sessions.abort'>['proof']>;

interface Props {
  row: SessionRow;
  /** The run that is to end: one that follows it before the daemon hears of this is not meant. */
  run: string;
  attempt: Attempt['attempt'];
  killed: (proof: Proof | null) => void;
}

/** Stop, and what is stronger than that. A kill asks once. */
export function StopButtons({ row, run, attempt, killed }: Props): ReactNode {
  const { client } = useConsole();
  const [sure, setSure] = useState(false);
  const session = row.id;
  const stop = (queue: 'keep' | 'withdraw') =>
    void attempt(() => client.sessions.abort({ session, run, queue }));
  const kill = () => {
    setSure(false);
    void attempt(async () => {
      const how = { force: true, wait: true };
      const { proof } = await client.sessions.abort({ session, run, ...how });
      killed(proof ?? null);
    });
  };
  if (sure) {
    return (
      <>
        <button type="button" className="button" onClick={() => setSure(false)}>
          No
        </button>
        <button type="button" className="button danger" autoFocus onClick={kill}>
          Kill its processes
        </button>
      </>
    );
  }
  return (
    <>
      <Menu
        label="Other ways to end it"
        icon="more"
        side="up"
        items={[
          { name: 'Stop, and withdraw what is queued', run: () => stop('withdraw') },
          { name: 'Force kill …', run: () => setSure(true), danger: true },
        ]}
      />
      <button type="button" className="button" onClick={() => stop('keep')}>
        <Icon name="stop" />
        {row.status === 'stopping' ? 'Stopping …' : 'Stop'}
      </button>
    </>
  );
}

const hows = { exited: 'ended by itself', terminated: 'was asked to end', killed: 'was killed' };

/** What a kill ended, and that nothing is left. */
export function ProofPanel({ proof, close }: { proof: Proof; close: () => void }): ReactNode {
  return (
    <div className="proof" role="status">
      <p>
        <strong>
          {proof.gone ? 'Nothing of the agent is left.' : 'Some of the agent may be left.'}
        </strong>
        <button type="button" className="quiet icon" aria-label="Close" onClick={close}>
          <Icon name="close" />
        </button>
      </p>
      {proof.ended.length === 0 ? (
        <p className="hint">No process was left to end.</p>
      ) : (
        <ul>
          {proof.ended.map(({ pid, startTime, name, how }) => (
            <li key={`${pid}:${startTime}`}>
              <code>{oneLine(name, 80)}</code> <span className="hint">process {pid}</span>{' '}
              {hows[how]}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
