import { type ReactNode, useMemo, useState } from 'react';
import { exact, oneLine, safeLink } from '../text/harmless.ts';
import { Link } from '../text/markdown.tsx';
import type { QuestionParts } from './approval-card.tsx';
import { contentOf, type Field, fieldsOf, missingIn, pageOf, type Values } from './form.ts';
import { QuestionField } from './question-field.tsx';

/** A question that is answered with words, a form, or by opening a page. */
export function QuestionForm({ entry, decide, busy }: QuestionParts): ReactNode {
  const { schema, message } = entry.data;
  const fields = useMemo(() => fieldsOf(schema), [schema]);
  const [values, setValues] = useState<Values>({});
  const [text, setText] = useState('');
  const [missing, setMissing] = useState<Field | null>(null);
  const page = pageOf(schema);
  const bare = fields.length === 0 && page === null;
  const answer = () => {
    const first = missingIn(fields, values);
    setMissing(first ?? null);
    if (first === undefined) void decide({ answer: bare ? text : contentOf(fields, values) });
  };
  return (
    <form
      className="question"
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy) answer();
      }}
    >
      <h2 dir="auto">{oneLine(page === null ? message : message.replace(page, ''), 2000)}</h2>
      {page !== null && <Page url={page} />}
      {fields.map((field) => (
        <QuestionField
          key={field.name}
          field={field}
          value={values[field.name] ?? field.initial}
          set={(value) => setValues({ ...values, [field.name]: value })}
        />
      ))}
      {bare && (
        <input
          className="field"
          aria-label="Answer"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      )}
      {missing !== null && (
        <p className="problem" role="alert">
          {oneLine(missing.title, 100)} is missing.
        </p>
      )}
      <div className="ways">
        <button type="submit" className="button primary" disabled={busy || (bare && text === '')}>
          {page === null ? 'Answer' : 'I have been there'}
        </button>
        <button
          type="button"
          className="button danger"
          disabled={busy}
          aria-keyshortcuts="d"
          onClick={() => void decide({ verdict: 'deny' })}
        >
          Decline
        </button>
      </div>
    </form>
  );
}

/** The whole address is shown: its name says nothing. */
function Page({ url }: { url: string }): ReactNode {
  const address = safeLink(url);
  return (
    <p className="mono page-link">
      {address === null ? exact(url) : <Link address={address}>{exact(url)}</Link>}
    </p>
  );
}
