import type { ReactNode } from 'react';
import { exact, safeLink } from '../text/harmless.ts';
import { Link } from '../text/markdown.tsx';
import { textAt } from './facts.ts';
import { Result } from './result.tsx';
import type { ToolProps, ToolView } from './registry.ts';

/** A page that is fetched, or a search of pages. */
export const fetchTool: ToolView = {
  verb: ({ input }) => (textAt(input, 'url') === undefined ? 'Search pages' : 'Fetch'),
  title: ({ input }) => textAt(input, 'url', 'query'),
  open: () => false,
  Body: Fetch,
};

function Fetch({ call }: ToolProps): ReactNode {
  const url = textAt(call.input, 'url');
  const address = url === undefined ? null : safeLink(url);
  const prompt = textAt(call.input, 'prompt');
  return (
    <>
      {url !== undefined && (
        <p className="about mono">
          {address === null ? exact(url) : <Link address={address}>{exact(url)}</Link>}
        </p>
      )}
      {prompt !== undefined && <p className="about">{exact(prompt)}</p>}
      <Result call={call} as={{ type: 'markdown' }} />
    </>
  );
}
