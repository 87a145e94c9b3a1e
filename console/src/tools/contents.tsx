import type { ReactNode } from 'react';
import type { ToolCall, ToolContent } from 'turnkeep/client';
import { harmless } from '../text/harmless.ts';
import { LongText } from '../text/long-text.tsx';
import { Blocks } from '../timeline/blocks.tsx';
import { Diff } from './diff.tsx';

/** What a tool call carries, in the shapes that all agents share. */
export function Contents({ call }: { call: ToolCall }): ReactNode {
  const contents = call.content ?? [];
  if (contents.length === 0 && call.output !== undefined) {
    const { output } = call;
    const text = typeof output === 'string' ? output : JSON.stringify(output, null, 2);
    return <LongText text={harmless(text)} />;
  }
  return contents.map((content, at) => <Content key={at} content={content} />);
}

function Content({ content }: { content: ToolContent }): ReactNode {
  switch (content.type) {
    case 'content':
      return content.content.type === 'text' ? (
        <LongText text={harmless(content.content.text)} />
      ) : (
        <Blocks content={[content.content]} />
      );
    case 'diff':
      return <Diff path={content.path} before={content.oldText ?? ''} after={content.newText} />;
    case 'terminal':
      return <p className="hint">terminal {content.terminalId}</p>;
  }
}
