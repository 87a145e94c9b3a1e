import { type ReactNode, useEffect } from 'react';
import { oneLine } from '../text/harmless.ts';
import type { Agent } from './agent.ts';
import './choices.css';

/** With what an agent is to work; null is as the agent itself would have it. */
export interface Choice {
  model: string | null;
  mode: string | null;
  effort: string | null;
}

type Offered = NonNullable<NonNullable<Agent['found']>['models']>;

interface Props {
  agent: Agent | undefined;
  /** Asks the agent what it offers, where nobody has. */
  look: () => void;
  choice: Choice;
  setChoice: (choice: Choice) => void;
}

/** Model, mode and effort, of those that the agent offers. */
export function Choices({ agent, look, choice, setChoice }: Props): ReactNode {
  useEffect(look, [look]);
  const found = agent?.found ?? null;
  const model = found?.models?.values.find(({ id }) => id === choice.model);
  const efforts = model?.efforts?.map((id) => ({ id, name: id }));
  const offered: readonly [keyof Choice, string, Offered | null | undefined][] = [
    ['model', 'Model', found?.models],
    ['mode', 'Mode', found?.modes],
    ['effort', 'Effort', efforts === undefined ? found?.efforts : withValues(found, efforts)],
  ];
  return (
    <div className="offered">
      {offered.map(([name, title, values]) => {
        const set = (value: string | null) => setChoice({ ...choice, [name]: value });
        return (values?.values.length ?? 0) === 0 && choice[name] === null ? null : (
          <Select key={name} title={title} offered={values} value={choice[name]} set={set} />
        );
      })}
    </div>
  );
}

function withValues(found: Agent['found'], values: Offered['values']): Offered {
  return { values, default: found?.efforts?.default ?? null, complete: true };
}

interface SelectProps {
  title: string;
  offered: Offered | null | undefined;
  value: string | null;
  set: (value: string | null) => void;
}

function Select({ title, offered, value, set }: SelectProps): ReactNode {
  const values = offered?.values ?? [];
  const usual = values.find(({ id }) => id === offered?.default);
  const known = value === null || values.some(({ id }) => id === value);
  return (
    <label>
      {title}
      <select
        className="field"
        value={value ?? ''}
        onChange={(event) => set(event.target.value === '' ? null : event.target.value)}
      >
        <option value="">
          {usual === undefined ? 'as the agent has it' : `${oneLine(usual.name, 60)} (default)`}
        </option>
        {!known && <option value={value}>{oneLine(value, 80)}</option>}
        {values.map(({ id, name }) => (
          <option key={id} value={id}>
            {oneLine(name, 80)}
          </option>
        ))}
      </select>
    </label>
  );
}
