import type { ReactNode } from 'react';
import { exactLine, oneLine } from '../text/harmless.ts';
import type { Mention } from './mention.ts';
import type { Suggestion } from './use-suggestions.ts';

export const listId = 'suggestions';
export const optionId = (at: number): string => `suggestion-${at}`;

interface Props {
  mention: Mention;
  suggestions: readonly Suggestion[];
  at: number;
  choose: (suggestion: Suggestion) => void;
}

/** Above the field, whose keys go through it. */
export function SuggestionList({ mention, suggestions, at, choose }: Props): ReactNode {
  const sign = mention.type === 'file' ? '@' : '/';
  return (
    <ul
      className="suggestions"
      role="listbox"
      id={listId}
      aria-label={mention.type === 'file' ? 'Files' : 'Commands of the agent'}
    >
      {suggestions.map((suggestion, index) => (
        <li
          key={suggestion.value}
          id={optionId(index)}
          role="option"
          aria-selected={index === at}
          className={index === at ? 'chosen' : undefined}
          // The field keeps the focus.
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => choose(suggestion)}
        >
          <bdi className="suggestion-name">{sign + exactLine(suggestion.value, 200)}</bdi>
          <span className="suggestion-more">{oneLine(suggestion.more, 120)}</span>
        </li>
      ))}
    </ul>
  );
}
