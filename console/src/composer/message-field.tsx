import {
  type ClipboardEvent,
  type KeyboardEvent,
  type ReactNode,
  type RefObject,
  useState,
} from 'react';
import { flushSync } from 'react-dom';
import type { Agent } from './agent.ts';
import { meaningOf } from '../keyboard/shortcut.ts';
import { type How, howOf } from './keys.ts';
import { type Mention, mentionAt, withChosen } from './mention.ts';
import { listId, optionId, SuggestionList } from './suggestion-list.tsx';
import { type Suggestion, useSuggestions } from './use-suggestions.ts';

interface Props {
  session: string;
  agent: Agent | undefined;
  /** A command is being typed: what there are is asked for. */
  look: () => void;
  field: RefObject<HTMLTextAreaElement | null>;
  text: string;
  setText: (text: string) => void;
  placeholder: string;
  send: (how: How) => void;
  gotFiles: (data: DataTransfer) => void;
}

/** Where a message is written, with commands and files that may be meant. */
export function MessageField(props: Props): ReactNode {
  const { session, agent, field, text, setText, placeholder } = props;
  const [mention, setMention] = useState<Mention | null>(null);
  const [at, setAt] = useState(0);
  const suggestions = useSuggestions(session, mention, agent);
  const open = mention !== null && suggestions.length > 0;
  const look = (caret: number, next: string) => {
    const found = mentionAt(next, caret);
    if (found?.type === 'command') props.look();
    if (found?.query !== mention?.query) setAt(0);
    setMention(found);
  };
  const choose = (suggestion: Suggestion) => {
    if (mention === null) return;
    const next = withChosen(text, mention, suggestion.value);
    // At once: what is typed or selected next would meet the caret on its way.
    flushSync(() => {
      setText(next.text);
      setMention(mentionAt(next.text, next.caret));
      setAt(0);
    });
    field.current?.setSelectionRange(next.caret, next.caret);
  };
  const keys = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (open && walk(event, { at, setAt, suggestions, choose, close: () => setMention(null) })) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    const how = howOf(event);
    if (how === null) return;
    event.preventDefault();
    setMention(null);
    props.send(how);
  };
  const pasted = (event: ClipboardEvent) => {
    if (event.clipboardData.files.length === 0) return;
    event.preventDefault();
    props.gotFiles(event.clipboardData);
  };
  return (
    <>
      {open && <SuggestionList {...{ mention, suggestions, at, choose }} />}
      <textarea
        ref={field}
        rows={1}
        value={text}
        placeholder={placeholder}
        aria-label="Message"
        aria-autocomplete="list"
        aria-controls={open ? listId : undefined}
        aria-activedescendant={open ? optionId(at) : undefined}
        onChange={(event) => {
          setText(event.target.value);
          look(event.target.selectionStart, event.target.value);
        }}
        onBlur={() => setMention(null)}
        onKeyDown={keys}
        onPaste={pasted}
      />
    </>
  );
}

interface Walking {
  at: number;
  setAt: (at: number) => void;
  suggestions: readonly Suggestion[];
  choose: (suggestion: Suggestion) => void;
  close: () => void;
}

/** Whether the key was for the list. */
function walk(event: KeyboardEvent, { at, setAt, suggestions, choose, close }: Walking): boolean {
  const count = suggestions.length;
  switch (meaningOf(event, ['down', 'up', 'take', 'close'])) {
    case 'down':
      setAt((at + 1) % count);
      return true;
    case 'up':
      setAt((at + count - 1) % count);
      return true;
    case 'close':
      close();
      return true;
    case 'take': {
      const chosen = suggestions[at];
      if (chosen === undefined) return false;
      choose(chosen);
      return true;
    }
    case undefined:
      return false;
  }
}
