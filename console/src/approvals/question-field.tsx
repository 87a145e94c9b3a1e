import { type ReactNode, useId } from 'react';
import { exact, oneLine } from '../text/harmless.ts';
import type { Choice, Field, Value } from './form.ts';

interface FieldProps {
  field: Field;
  value: Value;
  set: (value: Value) => void;
}

/** One field of a form. */
export function QuestionField({ field, value, set }: FieldProps): ReactNode {
  const id = useId();
  const about = field.about !== null && (
    <span className="about" id={`${id}-about`}>
      {oneLine(field.about, 600)}
    </span>
  );
  if (field.what.type === 'choice' || field.what.type === 'choices') {
    return (
      <fieldset>
        <Legend field={field} />
        {about}
        <Choices field={field} choices={field.what.choices} value={value} set={set} />
        {(field.what.open || field.what.choices.length === 0) && (
          <OwnAnswer field={field} choices={field.what.choices} value={value} set={set} />
        )}
      </fieldset>
    );
  }
  if (field.what.type === 'boolean') {
    return (
      <label className="choice">
        <Control id={id} field={field} value={value} set={set} />
        <span>
          {oneLine(field.title, 200)}
          {about}
        </span>
      </label>
    );
  }
  return (
    <div className="question-field">
      <label htmlFor={id}>
        {oneLine(field.title, 200)}
        {!field.required && <span className="about"> optional</span>}
      </label>
      {about}
      <Control id={id} field={field} value={value} set={set} />
    </div>
  );
}

function Legend({ field }: { field: Field }): ReactNode {
  return (
    <legend>
      {oneLine(field.title, 200)}
      {!field.required && <span className="about"> optional</span>}
    </legend>
  );
}

function Control({ id, field, value, set }: FieldProps & { id: string }): ReactNode {
  const { what, about } = field;
  const described = about === null ? {} : { 'aria-describedby': `${id}-about` };
  const text = typeof value === 'string' ? value : '';
  switch (what.type) {
    case 'boolean':
      return (
        <input
          id={id}
          type="checkbox"
          checked={value === true}
          onChange={(event) => set(event.target.checked)}
          {...described}
        />
      );
    case 'number':
      return (
        <input
          id={id}
          className="field"
          type="number"
          step={what.whole ? 1 : 'any'}
          {...(what.least === null ? {} : { min: what.least })}
          {...(what.most === null ? {} : { max: what.most })}
          value={text}
          onChange={(event) => set(event.target.value)}
          {...described}
        />
      );
    case 'text':
      return what.long ? (
        <textarea
          id={id}
          className="field"
          rows={4}
          value={text}
          onChange={(event) => set(event.target.value)}
          {...described}
        />
      ) : (
        <input
          id={id}
          className="field"
          type={inputTypes.get(what.format ?? '') ?? 'text'}
          {...(what.most === null ? {} : { maxLength: what.most })}
          value={text}
          onChange={(event) => set(event.target.value)}
          {...described}
        />
      );
    case 'choice':
    case 'choices':
      return null;
  }
}

const inputTypes: ReadonlyMap<string, string> = new Map([
  ['email', 'email'],
  ['uri', 'url'],
  ['date', 'date'],
]);

function Choices({
  field,
  choices,
  value,
  set,
}: FieldProps & { choices: readonly Choice[] }): ReactNode {
  const name = useId();
  const many = field.what.type === 'choices';
  const chosen = Array.isArray(value) ? (value as readonly string[]) : [];
  const change = (one: string, on: boolean) => {
    if (!many) set(one);
    else set(on ? [...chosen, one] : chosen.filter((other) => other !== one));
  };
  return choices.map(({ value: one, title, about }) => (
    <label key={one} className="choice">
      <input
        type={many ? 'checkbox' : 'radio'}
        name={name}
        checked={many ? chosen.includes(one) : value === one}
        onChange={(event) => change(one, event.target.checked)}
      />
      <span>
        <bdi>{exact(title)}</bdi>
        {about !== null && <span className="about">{oneLine(about, 400)}</span>}
      </span>
    </label>
  ));
}

/** An answer that is none of those that are offered. */
function OwnAnswer({
  field,
  choices,
  value,
  set,
}: FieldProps & { choices: readonly Choice[] }): ReactNode {
  const offered = (one: string) => choices.some((choice) => choice.value === one);
  const many = Array.isArray(value) ? (value as readonly string[]) : null;
  const own =
    many?.find((one) => !offered(one)) ??
    (typeof value === 'string' && !offered(value) ? value : '');
  const change = (text: string) => {
    if (field.what.type === 'choice') set(text);
    else set([...(many ?? []).filter(offered), ...(text === '' ? [] : [text])]);
  };
  return (
    <input
      className="field"
      aria-label={`${oneLine(field.title, 100)}: in your own words`}
      placeholder="In your own words"
      value={own}
      onChange={(event) => change(event.target.value)}
    />
  );
}
