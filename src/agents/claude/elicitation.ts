import type { AgentCommand } from '../../domain/agent-event.ts';
import { isObject, type JsonObject } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import { actions, askedBy, typed } from '../form.ts';
import { sizeOf, textAt } from '../shape.ts';
import type { OpenForm, Reading } from './state.ts';

/** Names of typed fields that are remembered, of all forms together. */
const typesChars = 128 * 1024;

/** An MCP server asks the user: a form to fill in, or a page to open. False where it is neither. */
export function readElicitation(reading: Reading, id: string, request: JsonObject): boolean {
  const asked = askedBy(request, 'requested_schema');
  if (asked === undefined) return false;
  const { schema, form } = asked;
  const server = textAt(request, 'mcp_server_name') ?? '';
  // Who asks decides what may be told: a server is not the model.
  const message = `${server === '' ? 'An MCP server' : server} asks: ${asked.message}`;
  reading.emit({ type: 'question', item: reading.nextItem(), request: id, message, schema });
  const others = reading.state.forms.filter((open) => open.request !== id);
  reading.change({ forms: within([...others, { request: id, ...form }]) });
  return true;
}

/** Of too many forms the oldest lose the types of their fields: texts then stay texts. */
function within(forms: readonly OpenForm[]): readonly OpenForm[] {
  let room = typesChars;
  return forms
    .slice(-limits.openApprovals)
    .toReversed()
    .map((form) => {
      room -= sizeOf(form.types, typesChars);
      return room < 0 ? { ...form, types: {} } : form;
    })
    .toReversed();
}

type Answer = Extract<AgentCommand, { type: 'answer_question' }>;

/** What Claude Code passes on to the server. */
export function formAnswer({ field, types }: OpenForm, { outcome, content }: Answer): JsonObject {
  const action = actions[outcome];
  if (outcome !== 'answered' || field === null) return { action };
  if (content === undefined) return { action, content: {} };
  const given = isObject(content) ? content : { [field]: content };
  return { action, content: typed(given, types) };
}
