import type { ReactNode } from 'react';
import type { ToolCall } from 'turnkeep/client';
import { Code } from '../text/code.tsx';
import { exact } from '../text/harmless.ts';

const most = 40;
const shortChars = 200;

/** What a tool was given: short values as a table, others as JSON. */
export function Arguments({ input }: { input: ToolCall['input'] }): ReactNode {
  if (input === undefined || input === null) return null;
  if (!isFlat(input)) return <Code text={exact(JSON.stringify(input, null, 2))} language="json" />;
  const members = Object.entries(input);
  if (members.length === 0) return null;
  return (
    <dl className="arguments">
      {members.map(([name, value]) => (
        <div key={name}>
          <dt>
            <bdi>{exact(name)}</bdi>
          </dt>
          <dd>
            <bdi>{exact(typeof value === 'string' ? value : JSON.stringify(value))}</bdi>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function isFlat(input: unknown): input is { readonly [name: string]: unknown } {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return false;
  const values = Object.values(input);
  if (values.length > most) return false;
  return values.every(
    (value) => (typeof value === 'string' ? value : JSON.stringify(value)).length <= shortChars,
  );
}
