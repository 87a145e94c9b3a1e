import type { ContentBlock as AcpBlock } from '@agentclientprotocol/sdk';
import type { ContentBlock, ToolContent } from '../../domain/content.ts';
import type { Json } from '../../domain/json.ts';
import { countAt, objectAt, textAt } from '../shape.ts';

/** An agent's content block as ours; undefined where it has no shape that we know. */
export function blockOf(value: Json | undefined): ContentBlock | undefined {
  const text = textAt(value, 'text');
  const mimeType = textAt(value, 'mimeType');
  const data = textAt(value, 'data');
  switch (textAt(value, 'type')) {
    case 'text':
      return text === undefined ? undefined : { type: 'text', text };
    case 'image':
      if (mimeType === undefined || data === undefined) return undefined;
      return { type: 'image', mimeType, data, ...present('uri', textAt(value, 'uri')) };
    case 'audio':
      if (mimeType === undefined || data === undefined) return undefined;
      return { type: 'audio', mimeType, data };
    case 'resource_link':
      return linkOf(value);
    case 'resource': {
      const resource = objectAt(value, 'resource');
      return resource === undefined ? undefined : { type: 'resource', resource };
    }
    default:
      return undefined;
  }
}

function linkOf(value: Json | undefined): ContentBlock | undefined {
  const uri = textAt(value, 'uri');
  const name = textAt(value, 'name');
  if (uri === undefined || name === undefined) return undefined;
  return {
    type: 'resource_link',
    uri,
    name,
    ...present('mimeType', textAt(value, 'mimeType')),
    ...present('title', textAt(value, 'title')),
    ...present('size', countAt(value, 'size')),
  };
}

export function toolContentOf(value: Json): ToolContent | undefined {
  switch (textAt(value, 'type')) {
    case 'content': {
      const content = blockOf(objectAt(value, 'content'));
      return content === undefined ? undefined : { type: 'content', content };
    }
    case 'diff': {
      const path = textAt(value, 'path');
      const newText = textAt(value, 'newText');
      if (path === undefined || newText === undefined) return undefined;
      return { type: 'diff', path, oldText: textAt(value, 'oldText') ?? null, newText };
    }
    case 'terminal': {
      const terminalId = textAt(value, 'terminalId');
      return terminalId === undefined ? undefined : { type: 'terminal', terminalId };
    }
    default:
      return undefined;
  }
}

/** Our block as ACP's. Texts and images that lie in blobs have been filled in before. */
export function acpBlockOf(block: ContentBlock): AcpBlock {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: block.text };
    case 'image': {
      const { mimeType, data, uri } = block;
      if (data === undefined && uri !== undefined) {
        return { type: 'resource_link', uri, name: uri, mimeType };
      }
      return { type: 'image', mimeType, data: data ?? '', ...present('uri', uri) };
    }
    case 'audio':
      return { type: 'audio', mimeType: block.mimeType, data: block.data ?? '' };
    case 'resource_link':
      return block;
    case 'resource':
      return block as unknown as AcpBlock;
  }
}

/** A member where it has a value: optional members are absent, never undefined. */
export function present<Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): { [Member in Key]?: Value } {
  return (value === undefined ? {} : { [key]: value }) as { [Member in Key]?: Value };
}
