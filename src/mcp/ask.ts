import { z } from 'zod';
import { isObject, type Json } from '../domain/json.ts';
import { askPerson } from './asking.ts';
import { type Meta, textResult, type ToolResult } from './message.ts';
import { questionId } from './question-id.ts';
import type { Tool } from './server.ts';
import type { Inside } from './inside.ts';

const input = z.object({
  question: z.string().min(1).max(4096).describe('what the person is asked'),
  choices: z
    .array(z.string().min(1).max(400))
    .min(1)
    .max(20)
    .optional()
    .describe('the answers that there are; without them the answer is free text'),
});

/** Where Claude Code names the use of a tool that a call comes from. */
const useMember = 'claudecode/toolUseId';

/** A question to the person of the session, with choices or for free text. */
export function askTool({ client, session }: Inside): Tool {
  return {
    name: 'ask',
    description:
      'Asks the person who is responsible for this session a question, and waits for the answer. For decisions that are theirs.',
    input,
    async call(given, { signal, meta, progress }) {
      const { question, choices } = input.parse(given);
      const id = questionId(useOf(meta), { question, ...(choices && { choices }) });
      const schema = choices === undefined ? {} : { schema: answerSchema(choices) };
      const waiting = () => progress('Waiting for an answer.');
      const asked = { session, id, message: question, ...schema };
      const decided = await askPerson(client, asked, { signal, waiting });
      return resultOf(decided);
    },
  };
}

/** One field, as the faces that show questions know it. */
export function answerSchema(choices: readonly string[]): { [name: string]: Json } {
  return {
    type: 'object',
    properties: { answer: { type: 'string', enum: [...choices] } },
    required: ['answer'],
  };
}

/** What was answered, as text. */
export function answerText(content: unknown): string {
  const value = content as Json;
  const said = isObject(value) && Object.keys(value).length === 1 ? value['answer'] : undefined;
  if (typeof said === 'string') return said;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function useOf(meta: Meta): string | undefined {
  const use = meta[useMember];
  return typeof use === 'string' ? use : undefined;
}

function resultOf(decided: Awaited<ReturnType<typeof askPerson>>): ToolResult {
  if (decided?.outcome === 'answered') return textResult(answerText(decided.content));
  if (decided?.outcome === 'declined') {
    const why = decided.reason === undefined ? '' : ` (${decided.reason})`;
    return textResult(`The question was declined${why}: go on without an answer.`);
  }
  return { ...textResult('The question was withdrawn: the run is ending.'), isError: true };
}
