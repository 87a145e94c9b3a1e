import { type ReactNode, useRef, useState } from 'react';
import type { SessionRow } from 'turnkeep/client';
import { useAgent } from '../../composer/agent.ts';
import { type How, keyName } from '../../composer/keys.ts';
import { MessageField } from '../../composer/message-field.tsx';
import { blockOf } from '../../composer/pictures.ts';
import { type Proof, ProofPanel, StopButtons } from '../../composer/stop-buttons.tsx';
import { useAttempt } from '../../composer/use-attempt.ts';
import { useDraft } from '../../composer/use-draft.ts';
import { usePictures } from '../../composer/use-pictures.tsx';
import { Icon } from '../../parts/icon.tsx';
import { useConsole } from '../../state/context.ts';
import { oneLine } from '../../text/harmless.ts';
import { QueueChips } from './queue-chips.tsx';
import { useLog } from './session-context.ts';
import '../../composer/composer.css';

/** Always there: what is written is kept, and sent or queued. It is cleared only when the log has it. */
export function Composer({ row }: { row: SessionRow | undefined }): ReactNode {
  const { id: session } = useLog();
  const { client } = useConsole();
  const { agent, look } = useAgent(row?.agent);
  const [text, setText] = useDraft(session);
  const { problem, busy: sending, attempt, say } = useAttempt();
  const pictures = usePictures({ takes: agent?.images !== false, say });
  const [proof, setProof] = useState<Proof | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const busy = row !== undefined && row.activeRun !== null;
  const nothing = text.trim() === '' && pictures.attached.length === 0;
  const send = async (how: How) => {
    if (nothing || sending) return;
    await attempt(async () => {
      const blocks = await Promise.all(pictures.attached.map((one) => blockOf(client, one)));
      const words = text.trim() === '' ? [] : [{ type: 'text' as const, text }];
      const content = blocks.length === 0 ? text : [...words, ...blocks];
      const delivery = busy ? how : 'queue';
      await client.sessions.send({ session, content, delivery });
      setText((now) => (now === text ? '' : now));
      pictures.clear();
    });
    field.current?.focus();
  };
  return (
    <footer className="composer">
      <QueueChips />
      {proof !== null && <ProofPanel proof={proof} close={() => setProof(null)} />}
      {problem !== null && (
        <p className="composer-problem" role="alert">
          {oneLine(problem, 400)}
        </p>
      )}
      <div className="composer-box">
        {pictures.list}
        <div className="composer-line">
          <MessageField
            {...{ session, agent, look, field, text }}
            setText={setText}
            placeholder={busy ? 'Queue a message' : 'Say what is to be done'}
            send={(how) => void send(how)}
            gotFiles={pictures.add}
          />
          <div className="composer-buttons">
            {busy && <StopButtons row={row} attempt={attempt} killed={setProof} />}
            <button
              type="button"
              className="button primary"
              disabled={nothing || sending}
              onClick={() => void send('queue')}
            >
              <Icon name="send" />
              {busy ? 'Queue' : 'Send'}
            </button>
          </div>
        </div>
      </div>
      {busy && !nothing && (
        <div className="composer-ways">
          {agent?.steer === true && <Way how="steer" name="Steer" send={(how) => void send(how)} />}
          <Way how="interrupt" name="Stop and send" send={(how) => void send(how)} />
        </div>
      )}
    </footer>
  );
}

/** A way to send that is not the usual one, with its key. */
function Way({ how, name, send }: { how: How; name: string; send: (how: How) => void }): ReactNode {
  return (
    <button type="button" className="quiet" onClick={() => send(how)}>
      {name} <kbd>{keyName(how)}</kbd>
    </button>
  );
}
