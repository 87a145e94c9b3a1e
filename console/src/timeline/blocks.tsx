import type { ReactNode } from 'react';
import type { ContentBlock } from 'turnkeep/client';
import { harmless, oneLine, safeLink } from '../text/harmless.ts';
import { Link, Markdown } from '../text/markdown.tsx';

/** Pictures of which a browser makes nothing but pixels; an SVG is a program. */
const pictures = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);

/** Content in the shapes of the Agent Client Protocol. */
export function Blocks({ content }: { content: readonly ContentBlock[] }): ReactNode {
  return content.map((block, at) => <Block key={at} block={block} />);
}

function Block({ block }: { block: ContentBlock }): ReactNode {
  switch (block.type) {
    case 'text':
      return <Markdown text={block.text} />;
    case 'image':
      return <Picture block={block} />;
    case 'audio':
      return <p className="fate">audio, {oneLine(block.mimeType, 60)}</p>;
    case 'resource_link': {
      const address = safeLink(block.uri);
      const name = oneLine(block.title ?? block.name, 120);
      return address === null ? (
        <p title={harmless(block.uri)}>{name}</p>
      ) : (
        <p>
          <Link address={address}>{name}</Link>
        </p>
      );
    }
    case 'resource':
      return <p className="fate">{oneLine(JSON.stringify(block.resource), 200)}</p>;
  }
}

function Picture({ block }: { block: Extract<ContentBlock, { type: 'image' }> }): ReactNode {
  const { mimeType, data } = block;
  if (data === undefined || !pictures.has(mimeType)) {
    return <p className="fate">picture, {oneLine(mimeType, 60)}</p>;
  }
  return <img className="picture" alt="from the agent" src={`data:${mimeType};base64,${data}`} />;
}
