import type { ApprovalOption } from '../../domain/content.ts';
import type { AgentCommand } from '../../domain/agent-event.ts';
import type { Json } from '../../domain/json.ts';
import { askedCall } from './asides.ts';
import { present } from './content.ts';
import { errorCodes, errorLine, resultLine } from './json-rpc.ts';
import { listAt, memberAt, textAt } from '../shape.ts';
import type { Reading } from './state.ts';
import { readToolCall } from './tool-call.ts';
import { wantedBy } from './wants.ts';

const optionKinds: { readonly [Kind in ApprovalOption['kind']]: true } = {
  allow_once: true,
  allow_always: true,
  reject_once: true,
  reject_always: true,
};

/** `session/request_permission`: the tool call it carries is news like any other, then comes the question. */
export function readPermission(reading: Reading, request: string | number, params: Json): void {
  const told = listAt(params, 'options') ?? [];
  const options = told.flatMap((value) => optionOf(value) ?? []);
  const open =
    options.length === 0
      ? undefined
      : readToolCall(reading, askedCall(reading, memberAt(params, 'toolCall')));
  if (open === undefined) {
    if (options.length === 0) reading.unrecognized('a permission request without usable options');
    const reason = 'options and a tool call with an id are needed';
    reading.send(errorLine(request, errorCodes.invalidParams, reason));
    return;
  }
  if (options.length < told.length) reading.unrecognized('a permission option of an unknown shape');
  reading.activity();
  const { toolCall, parentCall } = open;
  const title = toolCall.title === '' ? (toolCall.name ?? toolCall.kind) : toolCall.title;
  const wants = wantedBy(open, reading.state.inForce.mode);
  reading.emit({
    type: 'approval',
    item: reading.nextItem(),
    request,
    title,
    toolCall,
    options,
    ...present('wants', wants),
    ...present('parentCall', parentCall ?? undefined),
  });
}

/** An option of a kind that we do not know is left out: nobody could say whether it allows. */
function optionOf(value: Json): ApprovalOption | undefined {
  const id = textAt(value, 'optionId');
  const kind = textAt(value, 'kind') ?? '';
  if (id === undefined || !Object.hasOwn(optionKinds, kind)) return undefined;
  return { id, name: textAt(value, 'name') ?? id, kind: kind as ApprovalOption['kind'] };
}

type Decision = Extract<AgentCommand, { type: 'answer_approval' }>;

/**
 * The option, and under `_meta.turnkeep` what the protocol has no place for: the message of a denial and the
 * input that is to be taken instead, for agents that know of it.
 */
export function permissionAnswer({ request, option, input, message }: Decision): string {
  const outcome =
    option === null ? { outcome: 'cancelled' } : { outcome: 'selected', optionId: option };
  const turnkeep = { ...present('input', input), ...present('message', message) };
  const meta = Object.keys(turnkeep).length === 0 ? {} : { _meta: { turnkeep } };
  return resultLine(request, { outcome, ...meta });
}
