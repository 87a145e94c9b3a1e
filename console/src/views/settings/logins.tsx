import { type ReactNode, useState } from 'react';
import { useAttempt } from '../../composer/use-attempt.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import { useCell } from '../../state/cell.ts';
import { useConsole } from '../../state/context.ts';
import { oneLine } from '../../text/harmless.ts';
import { age, moment } from '../../text/time.ts';
import { type Login, useLogins } from './use-logins.ts';

const command = 'turnkeep console --admin';

/** Browsers that are logged in, as far as this one may see them: it may always end itself. */
export function Logins(): ReactNode {
  const { client } = useConsole();
  const { logins, read } = useLogins();
  const { problem, busy, attempt } = useAttempt();
  if (logins === null) return null;
  const administers = logins.some(({ own, scopes }) => own && scopes.includes('admin'));
  const revoke = async ({ id }: Login) => {
    if (await attempt(() => client.tokens.revoke({ id }))) read();
  };
  const latest = logins.toSorted(
    (a, b) => Number(b.own) - Number(a.own) || (a.usedAt < b.usedAt ? 1 : -1),
  );
  return (
    <section className="logins" aria-label="Logins">
      <h2>Logged in</h2>
      <ul>
        {latest.map((login) => (
          <LoginLine key={login.id} login={login} busy={busy} revoke={revoke} />
        ))}
      </ul>
      {problem !== null && (
        <p className="composer-problem" role="alert">
          {oneLine(problem, 300)}
        </p>
      )}
      {!administers && (
        <p className="hint">
          A login sees itself alone. One that administers sees all of them, ends any, and sets the
          budget of all sessions: <code>{command}</code> <CopyButton text={command} />
        </p>
      )}
    </section>
  );
}

interface LineProps {
  login: Login;
  busy: boolean;
  revoke: (login: Login) => Promise<void>;
}

function LoginLine({ login, busy, revoke }: LineProps): ReactNode {
  const now = useCell(useConsole().now);
  const { own, scopes, usedAt, createdAt } = login;
  const name = oneLine(login.name, 60);
  const used = age(usedAt, now);
  const when = used === 'now' ? 'now' : /^\d+[mh]$/.test(used) ? `${used} ago` : used;
  return (
    <li>
      <span className="login-name">
        <span>
          {name}
          {own && <strong className="login-own">this browser</strong>}
        </span>
        <span className="hint" title={`Logged in ${moment(createdAt)}, used ${moment(usedAt)}`}>
          {own ? 'Used now' : `Used ${when}`}
          {scopes.includes('admin') && ' · administers'}
        </span>
      </span>
      {own ? <LogOut /> : <End name={name} busy={busy} end={() => void revoke(login)} />}
    </li>
  );
}

function End({ name, busy, end }: { name: string; busy: boolean; end: () => void }): ReactNode {
  const [sure, setSure] = useState(false);
  return (
    <button
      type="button"
      className="button danger"
      disabled={busy}
      aria-label={`${sure ? 'Really end' : 'End'} the login of ${name}`}
      onClick={() => (sure ? end() : setSure(true))}
      onBlur={() => setSure(false)}
    >
      {sure ? 'Really end it' : 'End'}
    </button>
  );
}

function LogOut(): ReactNode {
  const console = useConsole();
  const { problem, busy, attempt } = useAttempt();
  return (
    <span className="log-out">
      {problem !== null && <span role="alert">{oneLine(problem, 200)}</span>}
      <button
        type="button"
        className="button"
        disabled={busy}
        onClick={() => void attempt(() => console.logOut())}
      >
        Log out
      </button>
    </span>
  );
}
