import type { ReactNode } from 'react';
import { Icon } from '../parts/icon.tsx';
import { useCell } from '../state/cell.ts';
import { useConsole } from '../state/context.ts';
import { Dialog } from './dialog.tsx';
import { Keys } from './keys.tsx';
import { type Shortcut, shortcuts } from './shortcut.ts';

const parts = Map.groupBy<Shortcut['part'], Shortcut>(Object.values(shortcuts), ({ part }) => part);

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
        {[...parts].map(([part, members]) => (
          <HelpPart key={part} title={part} members={members} />
        ))}
      </div>
      <label className="help-switch">
        <input type="checkbox" checked={on} onChange={() => letters.set(!on)} />
        Keys of one letter work where nobody is writing
      </label>
    </Dialog>
  );
}

function HelpPart({ title, members }: { title: string; members: readonly Shortcut[] }): ReactNode {
  return (
    <section>
      <h3>{title}</h3>
      <dl>
        {members.map(({ keys, text }) => (
          <div key={text}>
            <dt>
              {keys.map((key) => (
                <Keys key={key} of={key} />
              ))}
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
