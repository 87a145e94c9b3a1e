import { type DragEvent, type KeyboardEvent, type ReactNode, useEffect, useState } from 'react';
import { useAttempt } from '../../composer/use-attempt.ts';
import { meaningOf } from '../../keyboard/shortcut.ts';
import { Icon } from '../../parts/icon.tsx';
import { useCell } from '../../state/cell.ts';
import { useConsole } from '../../state/context.ts';
import type { QueueItem } from '../../state/session-log.ts';
import { oneLine } from '../../text/harmless.ts';
import { type Edit, editOf, QueueEdit } from './queue-edit.tsx';
import { useLog } from './session-context.ts';

/** Prompts that wait, in order: to edit, to reorder, to withdraw. */
export function QueueChips(): ReactNode {
  const { id: session, queue } = useLog();
  const { client } = useConsole();
  const { held, items } = useCell(queue);
  const { problem, attempt } = useAttempt();
  const [dragged, setDragged] = useState<string | null>(null);
  const editing = useEditing(session, items);
  if (items.length === 0) return editing.moved;
  const move = (prompt: string, to: number) => {
    if (to >= 1 && to <= items.length)
      void attempt(() => client.queue.move({ session, prompt, to }));
  };
  return (
    <div className="queue">
      {held && (
        <p className="queue-held">
          The queue is held.
          <button
            type="button"
            className="quiet"
            onClick={() => void attempt(() => client.queue.release({ session }))}
          >
            Let it go on
          </button>
        </p>
      )}
      {problem !== null && (
        <p className="composer-problem" role="alert">
          {oneLine(problem, 300)}
        </p>
      )}
      <ol aria-label="Queue">
        {items.map((item, at) =>
          item.prompt === editing.edit?.prompt ? (
            <QueueEdit key={item.prompt} item={item} {...editing} edit={editing.edit} />
          ) : (
            <Chip
              key={item.prompt}
              item={item}
              place={at + 1}
              of={items.length}
              move={(to) => move(item.prompt, to)}
              withdraw={() =>
                void attempt(() => client.queue.withdraw({ session, prompt: item.prompt }))
              }
              dragged={dragged === item.prompt}
              drag={setDragged}
              drop={() => {
                if (dragged !== null && dragged !== item.prompt) move(dragged, at + 1);
                setDragged(null);
              }}
              begin={() => editing.change(editOf(item))}
            />
          ),
        )}
      </ol>
      {editing.moved}
    </div>
  );
}

/** The one message that is edited here. What is delivered meanwhile is no more to be edited: the text is kept. */
function useEditing(session: string, items: readonly QueueItem[]) {
  const { drafts } = useConsole();
  const [edit, setEdit] = useState<Edit | null>(null);
  const [moved, setMoved] = useState(false);
  const attempting = useAttempt();
  const { busy } = attempting;
  useEffect(() => {
    // What becomes of a change that is under way is known when it is answered.
    if (edit === null || busy || items.some(({ prompt }) => prompt === edit.prompt)) return;
    setEdit(null);
    if (edit.text === null || edit.text === edit.before) return;
    drafts.add(session, edit.text);
    setMoved(true);
  }, [drafts, session, edit, busy, items]);
  return {
    edit,
    attempting,
    change: (next: Edit) => {
      if (next.prompt !== edit?.prompt) attempting.say(null);
      setMoved(false);
      setEdit(next);
    },
    close: () => setEdit(null),
    moved: moved && <Moved close={() => setMoved(false)} />,
  };
}

function Moved({ close }: { close: () => void }): ReactNode {
  return (
    <p className="queue-moved" role="status">
      It waits no more: what you had written is in the field below.
      <button type="button" className="quiet icon" aria-label="Close" onClick={close}>
        <Icon name="close" />
      </button>
    </p>
  );
}

interface ChipProps {
  item: QueueItem;
  /** From 1. */
  place: number;
  of: number;
  move: (to: number) => void;
  withdraw: () => void;
  dragged: boolean;
  drag: (prompt: string | null) => void;
  drop: () => void;
  /** To edit it. */
  begin: () => void;
}

function Chip(props: ChipProps): ReactNode {
  const { item, place, move, withdraw, dragged, drag, drop } = props;
  const text = textOfItem(item);
  const keys = (event: KeyboardEvent) => {
    const meaning = meaningOf(event, ['earlier', 'later']);
    if (meaning === undefined) return;
    event.preventDefault();
    move(place + (meaning === 'later' ? 1 : -1));
  };
  return (
    <li
      className={`chip${dragged ? ' dragged' : ''}`}
      draggable
      onDragStart={(event: DragEvent) => {
        event.dataTransfer.effectAllowed = 'move';
        drag(item.prompt);
      }}
      onDragEnd={() => drag(null)}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        drop();
      }}
      onKeyDown={keys}
    >
      <button
        type="button"
        className="chip-text"
        title="Edit; Alt and an arrow moves it"
        onClick={props.begin}
        disabled={item.content === null}
      >
        <span className="hidden">Edit: </span>
        {text}
        {item.edited && <span className="chip-edited">edited</span>}
      </button>
      <ChipButton icon="up" name={`Earlier: ${text}`} on={place > 1} run={() => move(place - 1)} />
      <ChipButton
        icon="down"
        name={`Later: ${text}`}
        on={place < props.of}
        run={() => move(place + 1)}
      />
      <ChipButton icon="close" name="Withdraw" on run={withdraw} />
    </li>
  );
}

interface ButtonProps {
  icon: 'up' | 'down' | 'close';
  name: string;
  on: boolean;
  run: () => void;
}

function ChipButton({ icon, name, on, run }: ButtonProps): ReactNode {
  return (
    <button
      type="button"
      className={`quiet icon${icon === 'up' ? ' turned' : ''}`}
      aria-label={name}
      disabled={!on}
      onClick={run}
    >
      <Icon name={icon === 'up' ? 'down' : icon} />
    </button>
  );
}

function textOfItem({ content }: QueueItem): string {
  const texts = content?.map((block) =>
    block['type'] === 'text' ? String(block['text']) : `(${String(block['type'])})`,
  );
  return oneLine(texts?.join(' ') ?? 'cannot be read', 120);
}
