import { type ReactNode, useEffect } from 'react';
import { applyTheme } from '../../state/theme.ts';
import './start.css';

const sentences = {
  none: 'This browser is not logged in.',
  code: 'This link was used before, or is too old.',
  ended: 'The login of this browser has ended.',
  left: 'This browser is logged out.',
};

/** What a browser without a login sees; it is asked for nothing that could be guessed. */
export function LoggedOut({ why }: { why: keyof typeof sentences }): ReactNode {
  useEffect(() => applyTheme('system'), []);
  return (
    <main className="start">
      <div className="start-box">
        <p className="brand">Turnkeep</p>
        <h1>{sentences[why]}</h1>
        <p>At the machine on which the daemon runs, ask for a link and open it here:</p>
        <pre>turnkeep console</pre>
        <p className="hint">A link logs one browser in, once, and is good for ten minutes.</p>
      </div>
    </main>
  );
}
