import { z } from 'zod';
import { toolCallOf } from '../agents/claude/tools.ts';
import { wantedBy } from '../agents/claude/wants.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { limits } from '../domain/limits.ts';
import { RefusalError } from '../domain/refusal.ts';
import { type Asked, askPerson, type Decided } from './asking.ts';
import { textResult } from './message.ts';
import { questionId } from './question-id.ts';
import { replaced, shortened } from './shortened.ts';
import type { Tool } from './server.ts';
import type { Inside } from './inside.ts';

/** What Claude Code gives the tool that its option `--permission-prompt-tool` names. */
const input = z.looseObject({
  tool_name: z.string().min(1),
  input: z.record(z.string(), z.unknown()),
  tool_use_id: z.string().min(1).optional(),
});
type Use = Omit<z.output<typeof input>, 'input'> & {
  tool_name: string;
  tool_use_id?: string;
  input: JsonObject;
};

/** What it is answered, as JSON in the only text. */
type Verdict =
  | { behavior: 'allow'; updatedInput: JsonObject }
  | { behavior: 'deny'; message: string };

/** Whether a tool may be used: the policy of the session says, or its person. */
export function approveTool({ client, session }: Inside): Tool {
  return {
    name: 'approve',
    description:
      'Says whether a tool may be used: for the option --permission-prompt-tool of Claude Code. Not for the model.',
    input,
    async call(given, { signal, progress }) {
      const use = input.parse(given) as Use;
      const waiting = () => progress('Waiting for a decision.');
      try {
        const decided = await askPerson(client, asked(session, use), { signal, waiting });
        return textResult(JSON.stringify(verdictOf(use, decided)));
      } catch (error) {
        // Whoever cannot be asked has not allowed it.
        if (!(error instanceof RefusalError)) throw error;
        return textResult(JSON.stringify(denied(`Nobody could be asked: ${error.message}`)));
      }
    },
  };
}

function asked(session: string, use: Use): Asked {
  const { tool_name: tool, tool_use_id: name } = use;
  const wants = wantedBy({ tool_name: tool, input: use.input });
  const judged = wants !== undefined && (wants.command?.length ?? 0) <= limits.pieceChars;
  return {
    session,
    id: questionId(name, { tool, input: use.input }),
    title: toolCallOf('', tool, use.input).title,
    input: shortened(use.input),
    ...(judged ? { wants: { ...wants, locations: [...wants.locations] } } : {}),
  };
}

function verdictOf(use: Use, decided: Decided | null): Verdict {
  if (decided?.outcome !== 'allowed') {
    return denied(decided?.message ?? decided?.reason ?? 'The user does not allow this.');
  }
  if (decided.input === undefined) return { behavior: 'allow', updatedInput: use.input };
  const updatedInput = replaced(use.input, decided.input as Json);
  if (updatedInput !== null) return { behavior: 'allow', updatedInput };
  return denied('The input was edited where it is too large to be shown whole.');
}

function denied(message: string): Verdict {
  return { behavior: 'deny', message };
}
