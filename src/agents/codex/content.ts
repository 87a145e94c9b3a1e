import type { ContentBlock } from '../../domain/content.ts';
import { textAt } from '../shape.ts';
import type { UserInput } from './protocol.ts';

/** Our block as Codex has it. Texts and images that lie in blobs have been filled in before. */
export function inputOf(block: ContentBlock): UserInput {
  switch (block.type) {
    case 'text':
      return text(block.text);
    case 'image': {
      const { data, uri, mimeType } = block;
      if (data !== undefined) return { type: 'image', url: `data:${mimeType};base64,${data}` };
      if (uri?.startsWith('https://') === true) return { type: 'image', url: uri };
      return text(`[image ${uri ?? mimeType}]`);
    }
    case 'audio':
      return text(`[audio ${block.mimeType}, which cannot be read here]`);
    case 'resource_link':
      return text(`[${block.name}](${block.uri})`);
    case 'resource': {
      const { resource } = block;
      const uri = textAt(resource, 'uri') ?? 'resource';
      const content = textAt(resource, 'text');
      return text(content === undefined ? `[${uri}]` : `${uri}:\n\n${content}`);
    }
  }
}

function text(words: string): UserInput {
  return { type: 'text', text: words, text_elements: [] };
}
