import { isObject, type Json } from '../../domain/json.ts';
import { listAt, memberAt, objectAt, short, textAt } from '../shape.ts';
import { failure, refusalOf } from './failure.ts';
import { notificationLine, requestLine, type Answer } from './message.ts';
import type { InitializeParams, ThreadForkParams, ThreadResumeParams } from './protocol.ts';
import { modeNamed, threadSettings, unmetOf } from './settings.ts';
import type { InForce } from '../in-force.ts';
import type { Reading } from './state.ts';

/** Ids of the requests of the opening. */
export const openingIds = { initialize: 'initialize', skills: 'skills', thread: 'thread' } as const;

/** Said often, long, or both; nothing here reads them. */
const unread: readonly string[] = [
  'account/rateLimits/updated',
  'thread/readState/changed',
  'turn/diff/updated',
];

export function openingLines(): readonly string[] {
  const params: InitializeParams = {
    // The version is of this client; the product's is not known in this layer.
    clientInfo: { name: 'turnkeep', title: 'Turnkeep', version: '1' },
    capabilities: {
      // Ending single commands, settings of an open thread and roots of a workspace are experimental.
      experimentalApi: true,
      requestAttestation: false,
      optOutNotificationMethods: unread,
    },
  };
  return [requestLine(openingIds.initialize, 'initialize', params)];
}

export function readInitialized(reading: Reading, answer: Answer): void {
  if (answer.type === 'error') return fail(reading, refusalOf(answer.error));
  const { spec, trusted } = reading.state;
  const needed = unmetOf(spec).find((wish) => wish.needed === true);
  if (needed !== undefined) return fail(reading, needed.text);
  reading.send(notificationLine('initialized'));
  if (trusted) return openThread(reading, []);
  reading.change({ phase: 'skills' });
  const params = { cwds: [spec.cwd, ...spec.additionalDirs], forceReload: true };
  reading.send(requestLine(openingIds.skills, 'skills/list', params));
}

/** The skills that the directory brings along are named one by one: there is no other way to turn them off. */
export function readSkills(reading: Reading, answer: Answer): void {
  if (answer.type === 'error') {
    const why = `Codex does not say which skills the directory has: ${refusalOf(answer.error)}`;
    return fail(reading, why);
  }
  const found = (listAt(answer.result, 'data') ?? []).flatMap(
    (entry) => listAt(entry, 'skills') ?? [],
  );
  const own = found.filter(
    (skill) => !['user', 'system', 'admin'].includes(textAt(skill, 'scope') ?? ''),
  );
  const paths = own.flatMap((skill) => textAt(skill, 'path') ?? []);
  openThread(reading, [...new Set(paths)]);
}

function openThread(reading: Reading, hidden: readonly string[]): void {
  const { spec } = reading.state;
  reading.change({ phase: 'thread' });
  const settings = threadSettings(spec, hidden);
  const known = spec.nativeId ?? spec.forkOf;
  if (known === null) return send(reading, 'thread/start', settings);
  const params: ThreadResumeParams = { threadId: known, excludeTurns: true, ...settings };
  if (spec.nativeId !== null) return send(reading, 'thread/resume', params);
  const cut: ThreadForkParams =
    spec.forkAt === null ? params : { ...params, lastTurnId: spec.forkAt };
  send(reading, 'thread/fork', cut);
}

function send(reading: Reading, method: string, params: object): void {
  reading.send(requestLine(openingIds.thread, method, params));
}

/** The answer that opens the thread, or does not: only an opened one makes a native id true (R10). */
export function readThread(reading: Reading, answer: Answer): void {
  if (answer.type === 'error') return fail(reading, refusalOf(answer.error));
  const { spec, inForce } = reading.state;
  const thread = textAt(objectAt(answer.result, 'thread'), 'id') ?? '';
  const resumed = spec.nativeId !== null;
  if (thread === '' || thread.length > 256 || (resumed && thread !== spec.nativeId)) {
    return fail(reading, 'Codex opened another session than was asked for.', 'protocol');
  }
  const told = toldOf(answer.result);
  const settings = reading.changes(told);
  // What is needed no more is not kept with every line.
  const slim = { ...spec, instructions: null };
  reading.change({ phase: 'open', thread, confirmed: resumed, spec: slim });
  reading.change({ inForce: { ...inForce, ...told } });
  // A new thread has used nothing; of another one the first sum says what it had.
  if (!resumed && spec.forkOf === null) reading.change({ spent: zero });
  for (const { code, text } of unmetOf(spec)) reading.notice(code, text);
  reading.emit({
    type: 'opened',
    nativeId: thread,
    resumed,
    ...(settings === null ? {} : { settings }),
    ...(resumed ? {} : { provisional: true as const }),
  });
}

const zero = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, thought: 0 } as const;

/** Settings in the answer to an opening. */
function toldOf(result: Json): Partial<InForce> {
  const approval = textAt(result, 'approvalPolicy');
  const mode = modeNamed(approval, textAt(objectAt(result, 'sandbox'), 'type'));
  const title = short(memberAt(objectAt(result, 'thread'), 'name'), 1024);
  return {
    mode,
    model: short(memberAt(result, 'model')) ?? null,
    provider: short(memberAt(result, 'modelProvider')) ?? null,
    effort: short(memberAt(result, 'reasoningEffort')) ?? null,
    ...(title === undefined ? {} : { title }),
  };
}

/** A prompt is in the thread: from here on there is something to be resumed. */
export function confirmThread(reading: Reading): void {
  const { thread, confirmed } = reading.state;
  if (confirmed || thread === null) return;
  reading.change({ confirmed: true });
  reading.emit({ type: 'opened', nativeId: thread, resumed: false });
}

/** `thread/settings/updated`: what is in force from the next turn on. */
export function readSettings(reading: Reading, params: Json): void {
  const settings = memberAt(params, 'threadSettings');
  if (!isObject(settings)) return reading.unrecognized('settings of an unknown shape');
  const sandbox = textAt(objectAt(settings, 'sandboxPolicy'), 'type');
  const model = short(memberAt(settings, 'model'));
  const provider = short(memberAt(settings, 'modelProvider'));
  const effort = short(memberAt(settings, 'effort'));
  reading.report({
    mode: modeNamed(textAt(settings, 'approvalPolicy'), sandbox),
    ...(model === undefined ? {} : { model }),
    ...(provider === undefined ? {} : { provider }),
    ...(effort === undefined ? {} : { effort }),
  });
}

function fail(reading: Reading, message: string, category: 'launch' | 'protocol' = 'launch'): void {
  reading.change({ phase: 'failed' });
  reading.emit({ type: 'open_failed', error: failure(category, message) });
}
