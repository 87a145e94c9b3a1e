import { common, createLowlight } from 'lowlight';
import type { Span } from './spans.tsx';

interface Asked {
  id: number;
  text: string;
  language: string;
}
interface Told {
  id: number;
  spans: readonly Span[] | null;
}
/** Of lowlight's tree this much is read. */
interface Node {
  type: string;
  value?: string;
  properties?: { className?: unknown };
  children?: readonly Node[];
}

const lowlight = createLowlight(common);

addEventListener('message', ({ data }: MessageEvent<Asked>) => {
  const told: Told = { id: data.id, spans: spansOf(data) };
  postMessage(told);
});

function spansOf({ text, language }: Asked): Span[] | null {
  if (!lowlight.registered(language)) return null;
  const spans: Span[] = [];
  flatten(lowlight.highlight(language, text) as Node, '', spans);
  return spans;
}

/** What lies within each other becomes a row of texts, each with the class of the innermost. */
function flatten(node: Node, name: string, spans: Span[]): void {
  if (node.type === 'text') spans.push([node.value ?? '', name]);
  const own = node.properties?.className;
  const inner = Array.isArray(own) ? own.map(String).join(' ') : name;
  for (const child of node.children ?? []) flatten(child, inner, spans);
}
