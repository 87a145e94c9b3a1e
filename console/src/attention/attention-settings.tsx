import { type ReactNode, useEffect, useState } from 'react';
import { useCell } from '../state/cell.ts';
import { useConsole } from '../state/context.ts';
import { isApp, onInstallOffer } from './app.ts';

/** Whether notifications are wished, and the way to install the app. Nothing is asked for without a click. */
export function AttentionSettings(): ReactNode {
  const { notify, letters } = useConsole();
  const wished = useCell(notify);
  const keys = useCell(letters);
  const [install, setInstall] = useState<(() => void) | null>(null);
  const [denied, setDenied] = useState(false);
  useEffect(() => onInstallOffer((offer) => setInstall(() => offer)), []);
  const wish = async () => {
    const permission = await Notification.requestPermission();
    setDenied(permission !== 'granted');
    notify.set(permission === 'granted');
  };
  return (
    <>
      <fieldset className="choices">
        <legend>Notifications</legend>
        {!isApp() && (
          <p className="hint">
            They need https: put the daemon behind a public address of yours, and open that.
          </p>
        )}
        {isApp() && !wished && (
          <button type="button" className="button" onClick={() => void wish()}>
            Tell me when a session needs me
          </button>
        )}
        {isApp() && wished && (
          <button type="button" className="button" onClick={() => notify.set(false)}>
            Tell me no more
          </button>
        )}
        {denied && <p className="hint">The browser does not allow them for this page.</p>}
        {isApp() && <p className="hint">While the console is open, also in the background.</p>}
      </fieldset>
      {install !== null && (
        <button type="button" className="button" onClick={install}>
          Install as an app
        </button>
      )}
      <fieldset className="choices">
        <legend>Keys</legend>
        <label>
          <input type="checkbox" checked={keys} onChange={() => letters.set(!keys)} />
          Keys of one letter work where nobody is writing
        </label>
      </fieldset>
    </>
  );
}
