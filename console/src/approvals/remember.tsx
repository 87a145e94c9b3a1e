import { type ReactNode, useEffect, useState } from 'react';
import { RefusalError } from 'turnkeep/client';
import { useConsole, useRow } from '../state/context.ts';
import { exact, oneLine } from '../text/harmless.ts';
import type { ApprovalParts } from './approval-card.tsx';
import { DecideButton } from './decide-button.tsx';
import { type Rule, ruleText } from './rule-text.ts';

/** The rules that would be made, before they are: they can be changed, and hold here or in all of the directory. */
export function Remember({ session, entry, decide }: ApprovalParts): ReactNode {
  const { rules, problem } = useRules(session, entry.id);
  const [changed, setChanged] = useState<readonly Rule[] | null>(null);
  const cwd = useRow(session)?.cwd;
  if (problem !== null) return <p className="problem">{oneLine(problem, 300)}</p>;
  if (rules === null) return <p className="why">Asking which rules would allow this …</p>;
  if (rules.length === 0)
    return <p className="why">No rule can allow just this; it is asked about each time.</p>;
  const meant = changed ?? rules;
  const set = (at: number, rule: Rule) => setChanged(meant.with(at, rule));
  const remember = (where: 'session' | 'directory') => () =>
    void decide({ verdict: 'allow', remember: where, rules: [...meant] });
  return (
    <div className="panel">
      <p className="why">From now on this is allowed unasked:</p>
      <ul className="rules">
        {meant.map((rule, at) => (
          <li key={at}>
            <RuleField rule={rule} set={(next) => set(at, next)} />
          </li>
        ))}
      </ul>
      <div className="ways">
        <DecideButton onClick={remember('session')}>Allow in this session</DecideButton>
        <DecideButton onClick={remember('directory')}>
          Allow in <bdi className="mono">{oneLine(cwd ?? 'its directory', 80)}</bdi>
        </DecideButton>
      </div>
    </div>
  );
}

function RuleField({ rule, set }: { rule: Rule; set: (rule: Rule) => void }): ReactNode {
  const name = rule.command !== undefined ? 'command' : rule.path !== undefined ? 'path' : null;
  if (name === null) return <code>{exact(ruleText(rule))}</code>;
  const { [name]: text, ...others } = rule;
  return (
    <label>
      <span>{exact(Object.keys(others).length > 1 ? ruleText(others as Rule) : name)}</span>
      <input
        className="field mono"
        aria-label={`Rule for a ${name}`}
        spellCheck={false}
        value={text}
        onChange={(event) => set({ ...rule, [name]: event.target.value })}
      />
      {rule.expansions === true && <span>with expansions</span>}
    </label>
  );
}

/** The daemon says which rules would allow just this. */
function useRules(session: string, approval: string) {
  const { client } = useConsole();
  const [rules, setRules] = useState<readonly Rule[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    client.approvals.list({ session, rules: true, limit: 200 }, { signal }).then(
      ({ approvals }) => {
        setRules(approvals.find(({ entry }) => entry.id === approval)?.rules ?? []);
      },
      (error: unknown) => {
        if (signal.aborted) return;
        if (!(error instanceof RefusalError)) throw error;
        setProblem(error.refusal.message);
      },
    );
    return () => stop.abort();
  }, [client, session, approval]);
  return { rules, problem };
}
