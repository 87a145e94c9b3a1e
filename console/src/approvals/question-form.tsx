import { type ReactNode, useLayoutEffect, useMemo, useState } from 'react';
import { exact, harmless, oneLine, safeLink } from '../text/harmless.ts';
import { LongText } from '../text/long-text.tsx';
import { Link } from '../text/markdown.tsx';
import type { QuestionParts } from './approval-card.tsx';
import { DecideButton } from './decide-button.tsx';
import { contentOf, type Field, fieldsOf, missingIn, pageOf } from './form.ts';
import { QuestionField } from './question-field.tsx';
import { useUnsent } from './unsent.ts';

/** Beyond it a question is no heading. */
const headingChars = 2000;

/** A question that is answered with words, a form, or by opening a page. */
export function QuestionForm({ entry, decide, bind }: QuestionParts): ReactNode {
  const { schema, message } = entry.data;
  const fields = useMemo(() => fieldsOf(schema), [schema]);
  const [begun, change] = useUnsent(entry.id);
  const { fields: values, text } = begun;
  const [missing, setMissing] = useState<Field | null>(null);
  const page = pageOf(schema);
  const bare = fields.length === 0 && page === null;
  const answer = () => {
    const first = missingIn(fields, values);
    setMissing(first ?? null);
    if (first === undefined) void decide({ answer: bare ? text : contentOf(fields, values) });
  };
  const decline = () => void decide({ verdict: 'deny' });
  const heading = page === null ? message : message.replace(page, '');
  // A form is filled in; only declining it needs no more than a key.
  useLayoutEffect(() => bind({ deny: decline }));
  return (
    <form
      className="question"
      onSubmit={(event) => {
        event.preventDefault();
        answer();
      }}
    >
      <h2 dir="auto">{oneLine(heading, headingChars)}</h2>
      {heading.length > headingChars && <LongText text={harmless(heading)} label="All of it" />}
      {page !== null && <Page url={page} />}
      {fields.map((field) => (
        <QuestionField
          key={field.name}
          field={field}
          value={values.get(field.name) ?? field.initial}
          set={(value) => change({ fields: new Map([...values, [field.name, value]]) })}
        />
      ))}
      {bare && (
        <input
          className="field"
          aria-label="Answer"
          value={text}
          onChange={(event) => change({ text: event.target.value })}
        />
      )}
      {missing !== null && (
        <p className="problem" role="alert">
          {oneLine(missing.title, 100)} is missing.
        </p>
      )}
      <div className="ways">
        <DecideButton tone="primary" disabled={bare && text === ''}>
          {page === null ? 'Answer' : 'I have been there'}
        </DecideButton>
        <DecideButton tone="danger" byKey="deny" onClick={decline}>
          Decline
        </DecideButton>
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
