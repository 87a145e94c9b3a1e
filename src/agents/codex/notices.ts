import type { Json } from '../../domain/json.ts';
import type { PlanItem } from '../../domain/content.ts';
import { listAt, memberAt, objectAt, short, textAt } from '../shape.ts';
import type { Reading } from './state.ts';
import { withdrawTexts } from './texts.ts';

/** `error`: a failed turn says it again at its end; one that the model is asked again after is told here. */
export function readError(reading: Reading, params: Json): void {
  if (memberAt(params, 'willRetry') !== true) return;
  withdrawTexts(reading);
  const error = objectAt(params, 'error');
  const message = textAt(error, 'message') ?? 'The model is asked again';
  const details = textAt(error, 'additionalDetails');
  reading.notice('model-retry', details === undefined ? message : `${message}: ${details}`);
}

/** `warning` and `guardianWarning` */
export function readWarning(reading: Reading, params: Json): void {
  const message = textAt(params, 'message');
  if (message === undefined) return reading.unrecognized('a warning without words');
  reading.words('agent-warning', message);
}

/** `configWarning` */
export function readConfigWarning(reading: Reading, params: Json): void {
  const summary = textAt(params, 'summary');
  if (summary === undefined) return reading.unrecognized('a warning without words');
  const details = textAt(params, 'details');
  reading.words('agent-config', details === undefined ? summary : `${summary} ${details}`);
}

/** `mcpServer/startupStatus/updated`: without a server of the session the turn goes on; that it does is said. */
export function readServer(reading: Reading, params: Json): void {
  const name = textAt(params, 'name') ?? '';
  if (textAt(params, 'status') !== 'failed') return;
  if (!reading.state.spec.mcpServers.some((server) => server.name === name)) return;
  const error = textAt(params, 'error') ?? 'no reason given';
  reading.words('mcp-server', `The MCP server ${name} is not there: ${error}`);
}

/** `model/rerouted` */
export function readRerouted(reading: Reading, params: Json): void {
  const model = short(memberAt(params, 'toModel'));
  if (model === undefined) return reading.unrecognized('another model without a name');
  reading.notice('agent-model', `The service answers with ${model}.`);
  reading.report({ model });
}

/** `thread/name/updated` */
export function readName(reading: Reading, params: Json): void {
  const title =
    short(memberAt(params, 'threadName'), 1024) ?? short(memberAt(params, 'name'), 1024);
  if (title !== undefined) reading.report({ title });
}

const planStatuses: { readonly [status: string]: PlanItem['status'] } = {
  completed: 'completed',
  inProgress: 'in_progress',
  pending: 'pending',
};

/** `turn/plan/updated` */
export function readPlan(reading: Reading, params: Json): void {
  const plan = listAt(params, 'plan');
  if (plan === undefined) return reading.unrecognized('a plan without steps');
  const items = plan.flatMap((step): PlanItem[] => {
    const content = textAt(step, 'step');
    const status = textAt(step, 'status') ?? '';
    if (content === undefined || !Object.hasOwn(planStatuses, status)) return [];
    return [{ content, priority: 'medium', status: planStatuses[status]! }];
  });
  reading.emit({ type: 'plan', item: reading.nextItem(), items });
}
