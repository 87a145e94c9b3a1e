import { type ReactNode, useMemo } from 'react';
import type { ToolCall, ToolContent } from 'turnkeep/client';
import { ansiSpans } from '../text/ansi.ts';
import { Code, Coloured } from '../text/code.tsx';
import { exact } from '../text/harmless.ts';
import { LongText } from '../text/long-text.tsx';
import { Markdown } from '../text/markdown.tsx';
import { type BlobRef, useWhole, Whole } from '../text/whole.tsx';
import { Blocks } from '../timeline/blocks.tsx';
import { Diff } from './diff.tsx';
import { diffsOf, outputText, pathOf } from './facts.ts';

/** How the texts of a result are shown. */
export type As =
  | { type: 'terminal' }
  | { type: 'markdown' }
  | { type: 'code'; language: string }
  | { type: 'plain' };

/** What a tool call carries, in the shapes that all agents share. */
export function Result({ call, as }: { call: ToolCall; as: As }): ReactNode {
  const contents = call.content ?? [];
  if (contents.length > 0) {
    return contents.map((content, at) => (
      <Content key={at} call={call} content={content} as={as} />
    ));
  }
  if (call.output === undefined || call.output === null) return null;
  const text = outputText(call.output);
  if (text !== '') return <Text text={text} as={as} />;
  if (typeof call.output === 'string' || as.type === 'terminal') return null;
  return <Code text={exact(JSON.stringify(call.output, null, 2))} language="json" />;
}

function Content({
  call,
  content,
  as,
}: {
  call: ToolCall;
  content: ToolContent;
  as: As;
}): ReactNode {
  switch (content.type) {
    case 'content': {
      const { content: block } = content;
      if (block.type !== 'text') return <Blocks content={[block]} />;
      return (
        <Text
          text={block.text}
          as={as}
          {...(block.blob === undefined ? {} : { blob: block.blob })}
        />
      );
    }
    case 'diff':
      return (
        <Diff
          diff={content}
          bare={content.path === pathOf(call)}
          counted={call.kind === 'edit' && diffsOf(call).length === 1}
        />
      );
    case 'terminal':
      return <p className="fate">terminal {exact(content.terminalId)}</p>;
  }
}

function Text({ text, as, blob }: { text: string; as: As; blob?: BlobRef }): ReactNode {
  const whole = useWhole(text, blob);
  return (
    <div className="result">
      <Shown text={whole.text} as={as} />
      <Whole of={whole} />
    </div>
  );
}

function Shown({ text, as }: { text: string; as: As }): ReactNode {
  switch (as.type) {
    case 'terminal':
      return <Terminal text={text} />;
    case 'markdown':
      return (
        <div className="tool-prose">
          <Markdown text={text} />
        </div>
      );
    case 'code':
      return <Coloured text={exact(text)} language={as.language} label="content" />;
    case 'plain':
      return <LongText text={exact(text)} label="result" />;
  }
}

/** What a program printed; of much the end. */
export function Terminal({ text, live = false }: { text: string; live?: boolean }): ReactNode {
  const spans = useMemo(() => ansiSpans(text), [text]);
  const plain = useMemo(() => spans.map(([piece]) => piece).join(''), [spans]);
  if (plain.trim() === '') return live ? null : <p className="fate">It printed nothing.</p>;
  return <LongText text={plain} spans={spans} end="last" follows={live} label="output" />;
}
