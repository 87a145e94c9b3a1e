import { type ReactNode, useEffect, useMemo, useState } from 'react';
import { type ContentBlock, RefusalError } from 'turnkeep/client';
import { useConsole } from '../state/context.ts';
import { Code } from '../text/code.tsx';
import { exact, harmless, oneLine, safeLink } from '../text/harmless.ts';
import { languageOfFile } from '../text/language.ts';
import { LongText } from '../text/long-text.tsx';
import { Link, Markdown } from '../text/markdown.tsx';
import { readBlob, useSessionId, useWhole, Whole } from '../text/whole.tsx';

/** Pictures of which a browser makes nothing but pixels; an SVG is a program. */
const pictures = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);
/** A picture has one of these names, and no other, so that none of it is what an agent said. */
const typeOf = (mimeType: string) =>
  [...pictures].find((known) => known === mimeType.toLowerCase());
const pictureBytes = 4 * 1024 * 1024;

/** How texts are meant: what agents say is Markdown; what a person wrote stands as it was written. */
type As = 'markdown' | 'written';

/** Content in the shapes of the Agent Client Protocol. */
export function Blocks({
  content,
  as = 'markdown',
}: {
  content: readonly ContentBlock[];
  as?: As;
}): ReactNode {
  return content.map((block, at) => <Block key={at} block={block} as={as} />);
}

function Block({ block, as }: { block: ContentBlock; as: As }): ReactNode {
  switch (block.type) {
    case 'text':
      return <Text block={block} as={as} />;
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

function Text({
  block,
  as,
}: {
  block: Extract<ContentBlock, { type: 'text' }>;
  as: As;
}): ReactNode {
  const whole = useWhole(block.text, block.blob);
  return (
    <>
      {as === 'markdown' ? <Markdown text={whole.text} /> : <Written text={whole.text} />}
      <Whole of={whole} />
    </>
  );
}

/** A text that is longer is shown piece by piece. */
const longText = 20_000;

function Written({ text }: { text: string }): ReactNode {
  const shown = useMemo(() => harmless(text), [text]);
  if (shown.length > longText) return <LongText text={shown} wraps label="prompt" />;
  return (
    <p className="written" dir="auto">
      {shown}
    </p>
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
