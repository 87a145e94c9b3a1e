import { harmless } from '../text/harmless.ts';
import { LongText } from '../text/long-text.tsx';
import { Contents } from './contents.tsx';
import type { ToolView } from './registry.ts';

/** A tool of which nothing more is known than what it was given and what it answered. */
export const otherTool: ToolView = {
  verb: 'Tool',
  open: () => false,
  Body: ({ call }) => (
    <>
      {call.input !== undefined && <Json title="input" value={call.input} />}
      <Contents call={call} />
    </>
  ),
};

function Json({ title, value }: { title: string; value: unknown }) {
  return (
    <section>
      <h4>{title}</h4>
      <LongText text={harmless(JSON.stringify(value, null, 2))} />
    </section>
  );
}
