import type { ContentBlock } from '../../domain/content.ts';
import type { Json } from '../../domain/json.ts';
import { objectAt, textAt } from '../shape.ts';

/** A block of the Messages API as ours; undefined where it has no shape that we know. */
export function blockOfApi(value: Json): ContentBlock | undefined {
  switch (textAt(value, 'type')) {
    case 'text': {
      const text = textAt(value, 'text');
      return text === undefined ? undefined : { type: 'text', text };
    }
    case 'image': {
      const source = objectAt(value, 'source');
      const data = textAt(source, 'data');
      const mimeType = textAt(source, 'media_type');
      if (data === undefined || mimeType === undefined) return undefined;
      return { type: 'image', mimeType, data };
    }
    default:
      return undefined;
  }
}

/** Our block as the Messages API has it. Texts and images that lie in blobs have been filled in before. */
export function apiBlockOf(block: ContentBlock): object {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: block.text };
    case 'image': {
      const { data, uri, mimeType } = block;
      if (data !== undefined) {
        return { type: 'image', source: { type: 'base64', media_type: mimeType, data } };
      }
      if (uri?.startsWith('https://') === true) {
        return { type: 'image', source: { type: 'url', url: uri } };
      }
      return { type: 'text', text: `[image ${uri ?? mimeType}]` };
    }
    case 'audio':
      // No model of this agent hears.
      return { type: 'text', text: `[audio ${block.mimeType}, which cannot be read here]` };
    case 'resource_link':
      return { type: 'text', text: `[${block.name}](${block.uri})` };
    case 'resource': {
      const { resource } = block;
      const uri = textAt(resource, 'uri') ?? 'resource';
      const text = textAt(resource, 'text');
      return { type: 'text', text: text === undefined ? `[${uri}]` : `${uri}:\n\n${text}` };
    }
  }
}
