import type { ReactNode } from 'react';
import { exactLine } from '../text/harmless.ts';
import type { Allowing } from './allowing.ts';
import { DecideButton } from './decide-button.tsx';

interface AllowProps {
  allowing: Allowing;
  /** On the button that allows it this once. */
  label: string;
  disabled: boolean;
  byKey?: boolean;
  allow: (option: string) => void;
}

/** Once; or what else the agent offers, by its name. */
export function Allow({ allowing, label, disabled, byKey = false, allow }: AllowProps): ReactNode {
  switch (allowing.type) {
    case 'never':
      return <p className="why">Its agent offers no way to allow it.</p>;
    case 'once':
      return (
        <DecideButton
          tone="primary"
          disabled={disabled}
          byKey={byKey ? 'allow' : undefined}
          onClick={() => allow(allowing.option.id)}
        >
          {label}
        </DecideButton>
      );
    case 'always':
      return (
        <DecideButton disabled={disabled} onClick={() => allow(allowing.option.id)}>
          Allow always: <bdi>{exactLine(allowing.option.name, 120)}</bdi>
        </DecideButton>
      );
    case 'several':
      return allowing.options.map(({ id, name, kind }) => (
        <DecideButton key={id} disabled={disabled} onClick={() => allow(id)}>
          {kind === 'allow_always' && 'Allow always: '}
          <bdi>{exactLine(name, 120)}</bdi>
        </DecideButton>
      ));
  }
}
