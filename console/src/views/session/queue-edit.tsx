import { type KeyboardEvent, type ReactNode, useState } from 'react';
import type { ContentBlock, InputOf } from 'turnkeep/client';
import { useAttempt } from '../../composer/use-attempt.ts';
import { meaningOf } from '../../keyboard/shortcut.ts';
import { useConsole } from '../../state/context.ts';
import type { QueueItem } from '../../state/session-log.ts';
import { oneLine } from '../../text/harmless.ts';
import { readBlob } from '../../text/whole.tsx';
import { useLog } from './session-context.ts';

type Content = InputOf<'queue.edit'>['content'];

/** Another text for a message that waits; pictures and what else goes along stays. */
export function QueueEdit({ item, close }: { item: QueueItem; close: () => void }): ReactNode {
  const { id: session } = useLog();
  const { client } = useConsole();
  const { problem, busy, attempt } = useAttempt();
  const blocks = (item.content ?? []) as unknown as readonly ContentBlock[];
  const first = blocks.find((block) => block.type === 'text');
  const [text, setText] = useState(first?.text ?? '');
  const [whole, setWhole] = useState(first?.blob === undefined);
  const others = blocks.filter((block) => block !== first);
  const keep = async () => {
    if (text.trim() === '' || busy) return;
    const content = (others.length === 0 ? text : [{ type: 'text', text }, ...others]) as Content;
    if (await attempt(() => client.queue.edit({ session, prompt: item.prompt, content }))) close();
  };
  const load = () =>
    attempt(async () => {
      if (first?.blob === undefined) return;
      const { signal } = new AbortController();
      setText(
        new TextDecoder().decode(await readBlob(client, { session, blob: first.blob, signal })),
      );
      setWhole(true);
    });
  const keys = (event: KeyboardEvent) => {
    const meaning = meaningOf(event, ['keep', 'giveUp']);
    if (meaning === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (meaning === 'giveUp') close();
    else void keep();
  };
  return (
    <li className="chip editing">
      {whole ? (
        <textarea
          aria-label="Text that waits"
          autoFocus
          rows={1}
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={keys}
        />
      ) : (
        <button type="button" className="quiet" onClick={() => void load()}>
          It is long: load all of it
        </button>
      )}
      {problem !== null && <span role="alert">{oneLine(problem, 200)}</span>}
      <button type="button" className="quiet" onClick={close}>
        Cancel
      </button>
      <button
        type="button"
        className="button"
        disabled={busy || !whole || text.trim() === ''}
        onClick={() => void keep()}
      >
        Keep
      </button>
    </li>
  );
}
