import { randomUUID } from 'node:crypto';
import type { Line } from './ingress-client.ts';

const native = '12a287cc-2ae5-450a-b0b8-9b0ccfc50206';

/** Entries of a transcript, each after the one before it, as Claude Code writes them. */
export class Transcript {
  #parent: string | null = null;

  user(text: string, more: object = {}): Line {
    return this.#entry('user', { role: 'user', content: text }, more);
  }

  assistant(text: string, more: object = {}): Line {
    return this.#said([{ type: 'text', text }], more);
  }

  calls(call: string, name: string, input: object): Line {
    return this.#said([{ type: 'tool_use', id: call, name, input }]);
  }

  result(call: string, content: string, more: object = {}): Line {
    const block = { type: 'tool_result', tool_use_id: call, content };
    return this.#entry('user', { role: 'user', content: [block] }, more);
  }

  boundary(more: object = {}): Line {
    const boundary = { subtype: 'compact_boundary', parentUuid: null };
    return this.#entry('system', undefined, { ...boundary, ...more });
  }

  summary(text: string): Line {
    return this.user(text, { isCompactSummary: true });
  }

  #said(content: readonly object[], more: object = {}): Line {
    const id = `msg_${randomUUID()}`;
    const usage = { input_tokens: 3, output_tokens: 5 };
    return this.#entry('assistant', { id, role: 'assistant', model: 'm', content, usage }, more);
  }

  #entry(type: string, message: object | undefined, more: object): Line {
    const uuid = randomUUID();
    const entry = {
      parentUuid: this.#parent,
      isSidechain: false,
      cwd: '/home/somebody/work',
      sessionId: native,
      type,
      ...(message === undefined ? {} : { message }),
      uuid,
      timestamp: new Date().toISOString(),
      ...more,
    };
    this.#parent = uuid;
    return entry;
  }
}

/** One that says something of the session alone. */
export function unnamed(mode = 'normal'): Line {
  return { type: 'mode', mode, sessionId: native };
}
