import { type ReactNode, useEffect, useState } from 'react';
import { type ContentBlock, RefusalError } from 'turnkeep/client';
import { useConsole } from '../state/context.ts';
import { Code } from '../text/code.tsx';
import { exact, oneLine, safeLink } from '../text/harmless.ts';
import { languageOfFile } from '../text/language.ts';
import { Link, Markdown } from '../text/markdown.tsx';
import { readBlob, useSessionId, useWhole, Whole } from '../text/whole.tsx';

/** Pictures of which a browser makes nothing but pixels; an SVG is a program. */
const pictures = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);
/** A picture has one of these names, and no other, so that none of it is what an agent said. */
const typeOf = (mimeType: string) =>
  [...pictures].find((known) => known === mimeType.toLowerCase());
const pictureBytes = 4 * 1024 * 1024;

/** Content in the shapes of the Agent Client Protocol. */
export function Blocks({ content }: { content: readonly ContentBlock[] }): ReactNode {
  return content.map((block, at) => <Block key={at} block={block} />);
}

function Block({ block }: { block: ContentBlock }): ReactNode {
  switch (block.type) {
    case 'text':
      return <Text block={block} />;
    case 'image':
      return <Picture block={block} />;
    case 'audio':
      return <p className="fate">audio, {oneLine(block.mimeType, 60)}</p>;
    case 'resource_link': {
      const address = safeLink(block.uri);
      const name = oneLine(block.title ?? block.name, 120);
      return address === null ? (
        <p title={exact(block.uri)}>{name}</p>
      ) : (
        <p>
          <Link address={address}>{name}</Link>
        </p>
      );
    }
    case 'resource':
      return <Resource resource={block.resource} />;
  }
}

function Text({ block }: { block: Extract<ContentBlock, { type: 'text' }> }): ReactNode {
  const whole = useWhole(block.text, block.blob);
  return (
    <>
      <Markdown text={whole.text} />
      <Whole of={whole} />
    </>
  );
}

/** A file that was handed over. */
function Resource({ resource }: { resource: { readonly [name: string]: unknown } }): ReactNode {
  const { uri, text, mimeType } = resource;
  const name = typeof uri === 'string' ? uri : '';
  if (typeof text === 'string') {
    return (
      <section>
        <p className="fate">
          <bdi>{exact(name)}</bdi>
        </p>
        <Code text={exact(text)} language={languageOfFile(name)} />
      </section>
    );
  }
  const type = typeof mimeType === 'string' ? `, ${mimeType}` : '';
  return <p className="fate">file {oneLine(name + type, 200)}</p>;
}

type Image = Extract<ContentBlock, { type: 'image' }>;

function Picture({ block }: { block: Image }): ReactNode {
  const type = typeOf(block.mimeType);
  const source = usePicture(block, type);
  const [broken, setBroken] = useState(false);
  if (source === null || broken) {
    return <p className="fate">picture, {oneLine(block.mimeType, 60)}</p>;
  }
  return (
    <img className="picture" alt="from the agent" src={source} onError={() => setBroken(true)} />
  );
}

/** The address of a picture's pixels on this page; null where it has none, or they are not there yet. */
function usePicture({ data, blob }: Image, type: string | undefined): string | null {
  const { client } = useConsole();
  const session = useSessionId();
  const [loaded, setLoaded] = useState<string | null>(null);
  const [digest, size] = [blob?.digest, blob?.size ?? 0];
  useEffect(() => {
    const asked = digest !== undefined && session !== null && type !== undefined;
    if (!asked || size > pictureBytes) return undefined;
    const stop = new AbortController();
    let address: string | null = null;
    readBlob(client, { session, blob: { digest, size }, signal: stop.signal }).then(
      (bytes) => {
        if (stop.signal.aborted) return;
        address = URL.createObjectURL(new Blob([bytes], { type }));
        setLoaded(address);
      },
      (error: unknown) => {
        // It is told as a picture that is not shown.
        if (!stop.signal.aborted && !(error instanceof RefusalError)) throw error;
      },
    );
    return () => {
      stop.abort();
      if (address !== null) URL.revokeObjectURL(address);
    };
  }, [client, session, digest, size, type]);
  if (type === undefined) return null;
  return data === undefined ? loaded : `data:${type};base64,${data}`;
}
