import type { ReactNode } from 'react';
import { Icon } from '../parts/icon.tsx';
import { useCell } from '../state/cell.ts';
import { useConsole } from '../state/context.ts';
import { Dialog } from './dialog.tsx';
import { Keys } from './keys.tsx';
import { elsewhere, type Shortcut, shortcuts } from './shortcut.ts';

const parts: readonly Shortcut['part'][] = ['Anywhere', 'Moving', 'Going to'];

/** All keys, and the switch for those of one letter. */
export function Help({ close }: { close: () => void }): ReactNode {
  const { letters } = useConsole();
  const on = useCell(letters);
  return (
    <Dialog name="Keys" className="dialog help" close={close}>
      <header className="help-head">
        <h2>Keys</h2>
        <button type="button" className="quiet icon" aria-label="Close" onClick={close}>
          <Icon name="close" />
        </button>
      </header>
      <div className="help-parts">
        {parts.map((part) => (
          <HelpPart key={part} title={part} keys={shortcuts.filter((one) => one.part === part)} />
        ))}
        <HelpPart title="Where it applies" keys={elsewhere} />
      </div>
      <label className="help-switch">
        <input type="checkbox" checked={on} onChange={() => letters.set(!on)} />
        Keys of one letter work where nobody is writing
      </label>
    </Dialog>
  );
}

function HelpPart({
  title,
  keys,
}: {
  title: string;
  keys: readonly { key: string; text: string }[];
}): ReactNode {
  return (
    <section>
      <h3>{title}</h3>
      <dl>
        {keys.map(({ key, text }) => (
          <div key={key}>
            <dt>
              <Keys of={key} />
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
