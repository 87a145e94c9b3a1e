import { type ReactNode, useCallback, useRef, useState } from 'react';
import type { SessionRow } from 'turnkeep/client';
import { useAgent } from '../../composer/agent.ts';
import { contentOf, tooLarge } from '../../composer/content.ts';
import { type How, keyName } from '../../composer/keys.ts';
import { MessageField } from '../../composer/message-field.tsx';
import { type Proof, ProofPanel, StopButtons } from '../../composer/stop-buttons.tsx';
import { useAttempt } from '../../composer/use-attempt.ts';
import { useArrival, useDraft } from '../../composer/use-draft.ts';
import { usePictures } from '../../composer/use-pictures.tsx';
import { Icon } from '../../parts/icon.tsx';
import { useConsole } from '../../state/context.ts';
import { oneLine } from '../../text/harmless.ts';
import { QueueChips } from './queue-chips.tsx';
import { useLog } from './session-context.ts';
import '../../composer/composer.css';

/** Always there: what is written is kept, and sent or queued. It is cleared only when the log has it. */
export function Composer({ row }: { row: SessionRow | undefined }): ReactNode {
  const log = useLog();
  const { id: session } = log;
  const { client, drafts } = useConsole();
  const { agent, look } = useAgent(row?.agent);
  const [text, setText] = useDraft(session);
  const sending = useAttempt();
  // Of their own: a kill that takes its time holds up no message.
  const ending = useAttempt();
  const { say } = sending;
  const pictures = usePictures(session, { takes: agent?.images !== false, say });
  const [proof, setProof] = useState<Proof | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  useArrival(
    log,
    useCallback(() => say(null), [say]),
  );
  const run = row?.activeRun?.id;
  const busy = run !== undefined;
  const nothing = text.trim() === '' && pictures.attached.length === 0;
  const large = tooLarge({ text, pictures: pictures.attached });
  const problems = [large, sending.problem, ending.problem].filter((one) => one !== null);
  const send = async (how: How) => {
    if (nothing || large !== null || sending.busy) return;
    const message = { text, pictures: pictures.attached };
    const id = drafts.idToSend(session);
    await sending.attempt(async () => {
      const content = await contentOf(client, message);
      const delivery = busy ? how : 'queue';
      await client.sessions.send({ session, id, content, delivery });
      drafts.arrived(session, id);
    });
    field.current?.focus();
  };
  return (
    <footer className="composer">
      <QueueChips />
      {proof !== null && <ProofPanel proof={proof} close={() => setProof(null)} />}
      {problems.map((problem) => (
        <p key={problem} className="composer-problem" role="alert">
          {oneLine(problem, 400)}
        </p>
      ))}
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
            {row !== undefined && run !== undefined && (
              <StopButtons row={row} run={run} attempt={ending.attempt} killed={setProof} />
            )}
            <button
              type="button"
              className="button primary"
              disabled={nothing || large !== null || sending.busy}
              onClick={() => void send('queue')}
            >
              <Icon name="send" />
              {sending.busy ? 'Sending …' : busy ? 'Queue' : 'Send'}
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
