import { type KeyboardEvent, type ReactNode } from 'react';
import type { ContentBlock } from 'turnkeep/client';
import { type Content, textBlock, tooLarge } from '../../composer/content.ts';
import type { Attempt } from '../../composer/use-attempt.ts';
import { meaningOf } from '../../keyboard/shortcut.ts';
import { useConsole } from '../../state/context.ts';
import type { QueueItem } from '../../state/session-log.ts';
import { oneLine } from '../../text/harmless.ts';
import { mostBytes, readBlob } from '../../text/whole.tsx';
import { useLog } from './session-context.ts';

/** A message that waits, as it is being edited. */
export interface Edit {
  prompt: string;
  /** Null until all of it was loaded. */
  text: string | null;
  /** Its text when the editing began, and all that it was. */
  before: string;
  base: string;
}

/** Begins to edit a message that waits. */
export function editOf(item: QueueItem): Edit {
  const { first } = partsOf(item);
  const text = first?.blob === undefined ? (first?.text ?? '') : null;
  return { prompt: item.prompt, text, before: text ?? '', base: baseOf(item) };
}

interface Props {
  item: QueueItem;
  edit: Edit;
  change: (edit: Edit) => void;
  close: () => void;
  attempting: Attempt;
}

/** Another text for a message that waits; pictures and what else goes along stays. */
export function QueueEdit({ item, edit, change, close, attempting }: Props): ReactNode {
  const { id: session } = useLog();
  const { client } = useConsole();
  const { problem, busy, attempt } = attempting;
  const { text } = edit;
  const { first, others } = partsOf(item);
  const elsewhere = baseOf(item) !== edit.base;
  const large = tooLarge({ text: text ?? '', pictures: [] });
  const ready = text !== null && text.trim() !== '' && large === null && !busy;
  const keep = async () => {
    if (!ready) return;
    const done = await attempt(async () => {
      const block = await textBlock(client, text);
      const content = [block, ...others] as Content;
      await client.queue.edit({ session, prompt: item.prompt, content });
    });
    if (done) close();
  };
  const tooLong = first?.blob !== undefined && first.blob.size > mostBytes;
  const load = () =>
    attempt(async () => {
      if (first?.blob === undefined) return;
      const { signal } = new AbortController();
      const bytes = await readBlob(client, { session, blob: first.blob, signal });
      const whole = new TextDecoder().decode(bytes);
      change({ ...edit, text: whole, before: whole });
    });
  const keys = (event: KeyboardEvent) => {
    const meaning = meaningOf(event, ['keep', 'giveUp']);
    if (meaning === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (meaning === 'giveUp') close();
    // What somebody else wrote is not overwritten by a key.
    else if (!elsewhere) void keep();
  };
  return (
    <li className="chip editing">
      {text === null ? (
        <LoadButton tooLong={tooLong} load={() => void load()} />
      ) : (
        <textarea
          aria-label="Text that waits"
          autoFocus
          rows={1}
          value={text}
          onChange={(event) => change({ ...edit, text: event.target.value })}
          onKeyDown={keys}
        />
      )}
      {elsewhere && (
        <span role="alert">
          It was changed elsewhere meanwhile: “{oneLine(first?.text ?? '', 80)}”
        </span>
      )}
      {(large ?? problem) !== null && (
        <span role="alert">{oneLine(large ?? problem ?? '', 200)}</span>
      )}
      {elsewhere && (
        <button type="button" className="quiet" onClick={() => change(editOf(item))}>
          Take that
        </button>
      )}
      <button type="button" className="quiet" onClick={close}>
        Cancel
      </button>
      <button type="button" className="button" disabled={!ready} onClick={() => void keep()}>
        {elsewhere ? 'Keep mine' : 'Keep'}
      </button>
    </li>
  );
}

function LoadButton({ tooLong, load }: { tooLong: boolean; load: () => void }): ReactNode {
  if (tooLong) return <span className="hint">It is too long to be edited here.</span>;
  return (
    <button type="button" className="quiet" onClick={load}>
      It is long: load all of it
    </button>
  );
}

function partsOf({ content }: QueueItem) {
  const blocks = (content ?? []) as unknown as readonly ContentBlock[];
  const first = blocks.find((block) => block.type === 'text');
  return { first, others: blocks.filter((block) => block !== first) };
}

function baseOf({ content }: QueueItem): string {
  return JSON.stringify(content);
}
