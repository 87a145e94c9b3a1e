import type { ReactNode } from 'react';
import { AttentionSettings } from '../../attention/attention-settings.tsx';
import { useCell } from '../../state/cell.ts';
import type { Theme } from '../../state/console.ts';
import { useConsole } from '../../state/context.ts';
import { Logins } from './logins.tsx';
import './settings.css';

const themes: readonly { theme: Theme; name: string }[] = [
  { theme: 'system', name: 'As the system' },
  { theme: 'light', name: 'Light' },
  { theme: 'dark', name: 'Dark' },
];

/** What this browser keeps for itself, and who is logged in. */
export function SettingsView(): ReactNode {
  const { theme } = useConsole();
  const chosen = useCell(theme);
  return (
    <div className="page">
      <div className="page-inside settings">
        <h1>Settings</h1>
        <fieldset className="choices">
          <legend>Colours</legend>
          {themes.map((one) => (
            <label key={one.theme}>
              <input
                type="radio"
                name="theme"
                checked={chosen === one.theme}
                onChange={() => theme.set(one.theme)}
              />
              {one.name}
            </label>
          ))}
        </fieldset>
        <AttentionSettings />
        <Logins />
      </div>
    </div>
  );
}
