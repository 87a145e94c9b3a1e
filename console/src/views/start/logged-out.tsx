import { type ReactNode, useEffect } from 'react';
import type { Access, Why } from '../../state/door.ts';
import { applyTheme } from '../../state/theme.ts';
import { oneLine } from '../../text/harmless.ts';
import './start.css';

const sentences: Record<Why, string> = {
  none: 'This browser is not logged in.',
  code: 'This link was used before, or is too old.',
  unanswered: 'This browser could not be logged in.',
  ended: 'The login of this browser has ended.',
  unkept: 'This browser keeps nothing for this page, which a login needs.',
  left: 'This browser is logged out.',
};

type Props = Pick<Extract<Access, { state: 'out' }>, 'why' | 'problem' | 'again'>;

/** What a browser without a login sees; it is asked for nothing that could be guessed. */
export function LoggedOut({ why, problem, again }: Props): ReactNode {
  useEffect(() => applyTheme('system'), []);
  return (
    <main className="start">
      <div className="start-box">
        <p className="brand">Turnkeep</p>
        <h1>{sentences[why]}</h1>
        {problem !== null && <p role="alert">{oneLine(problem, 300)}</p>}
        {again !== null && (
          <p>
            <button type="button" className="button primary" onClick={again}>
              Try again
            </button>
          </p>
        )}
        <p>At the machine on which the daemon runs, ask for a link and open it here:</p>
        <pre>turnkeep console</pre>
        <p className="hint">A link logs one browser in, once, and is good for ten minutes.</p>
      </div>
    </main>
  );
}
