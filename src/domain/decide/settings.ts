import type { Draft } from '../draft.ts';
import { refuse } from '../refusal.ts';
import { changeSettings, honoured } from './change.ts';
import { joinedMeta } from '../settings.ts';
import type { Answer, Command } from '../command.ts';
import { boundedRules } from './approval.ts';
import { checkHead } from './head.ts';
import { fork } from './lifecycle.ts';
import { keep, send } from './send.ts';

/** The first entries of a session; a draft keeps its prompt. */
export function create(draft: Draft, command: Extract<Command, { type: 'create' }>): Answer {
  const { changes, prompt } = command;
  if (command.fork !== undefined) fork(draft, command.fork);
  honoured(draft, changes);
  draft.write('settings', { from: 'client', changes });
  if (prompt === undefined) return { type: 'created' };
  const sent = draft.state.draft ? keep(draft, prompt) : send(draft, prompt);
  return { type: 'created', sent };
}

export function patch(draft: Draft, command: Extract<Command, { type: 'patch' }>): Answer {
  const { changes, meta, policy } = command;
  checkHead(draft, command.expectedHead);
  if (changes.cwd !== undefined && changes.cwd !== draft.state.cwd && !movable(draft)) {
    const message = 'The directory of a session that has begun cannot be changed: fork it instead.';
    throw refuse('conflict', message, { field: 'cwd' });
  }
  const joined = meta === undefined ? {} : { meta: joinedMeta(draft.state.meta, meta) };
  const guarded = policy === undefined ? {} : { policy: { ...draft.state.policy, ...policy } };
  if (guarded.policy !== undefined) boundedRules(guarded.policy.rules);
  return {
    type: 'patched',
    applied: changeSettings(draft, { ...changes, ...joined, ...guarded }),
  };
}

/** Nothing of it has happened in its directory. */
function movable({ state }: Draft): boolean {
  const worked = state.host !== null || state.run !== null || state.lastRun !== null;
  // Agents keep what they remember by directory.
  return !worked && state.nativeId === null && state.forkNative === null;
}
