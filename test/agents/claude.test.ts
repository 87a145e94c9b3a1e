import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../app/processes.ts';
import { call, script } from './model-script.ts';
import { checked, Place } from './place.ts';

let place: Place;

beforeAll(async () => {
  place = await Place.open();
});

afterAll(() => place.close());

describe('what goes on by itself', () => {
  const agent = (name: string): string =>
    call('Agent', {
      description: `look ${name}`,
      prompt: script(`!hold ${name}`, `!say child ${name}`),
      subagent_type: 'general-purpose',
    });

  test('R2: sub-agents in the background belong to the turn of the prompt', async () => {
    const talk = await place.session();
    await talk.send(script('!say I delegate', agent('one'), agent('two'), '!next', '!say waiting'));
    await talk.says(/waiting/);
    place.model.release('one');
    await talk.says(/child one/);
    place.model.release('two');
    expect((await talk.end()).data.outcome).toBe('completed');
    const calls = talk.of('tool_call').filter(({ data }) => data.name === 'Agent');
    const children = talk.of('message').filter(({ parentCall }) => parentCall !== undefined);
    expect(children.map(({ parentCall }) => parentCall)).toEqual(
      calls.slice(0, 2).map(({ data }) => data.call),
    );
    expect(calls.map(({ data }) => data.status).toSorted()).toEqual([
      'completed',
      'completed',
      'in_progress',
      'in_progress',
    ]);
    await checked(talk);
  });

  test('a command in the background that ends later begins a run of the agent’s own', async () => {
    const talk = await place.session();
    const later = { command: 'sleep 1 && touch later', description: 'x', run_in_background: true };
    await talk.send(script(call('Bash', later), '!next', '!say started'));
    const approval = await talk.next('approval');
    await talk.decide(approval.id, 'allow');
    await talk.end(2);
    expect(talk.of('run_started').map(({ data }) => data.trigger)).toEqual(['prompt', 'agent']);
    expect(talk.of('run_ended').map(({ data }) => data.outcome)).toEqual([
      'completed',
      'completed',
    ]);
    await checked(talk);
  });
});

test('P3 R10: a prompt whose agent died before its echo is sent again, in a new native session', async () => {
  const talk = await place.session();
  // Nothing is echoed before the model begins to answer.
  await talk.send(script('!hold mute', '!say heard you'));
  await until('the model is asked', async () => place.asked('!hold mute') === 1, 20_000);
  process.kill(await talk.agent(), 'SIGKILL');
  expect((await talk.end()).data.outcome).toBe('failed');
  expect((await talk.whole()).row.nativeId ?? null).toBeNull();
  place.model.release('mute');
  await talk.send('!say and this');
  await talk.end(3);
  expect(talk.texts('message').toSorted()).toEqual(['and this', 'heard you']);
  expect(talk.of('delivery')).toHaveLength(2);
  await checked(talk);
});
