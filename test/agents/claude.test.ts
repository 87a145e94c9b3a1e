import { readFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../app/processes.ts';
import { bash, call, script } from './model-script.ts';
import { checked, isThere, Place } from './place.ts';

let place: Place;

beforeAll(async () => {
  place = await Place.open();
});

afterAll(() => place.close());

describe('a turn', () => {
  test('P1 R10: a prompt is delivered and answered, with thoughts, usage and cost', async () => {
    const talk = await place.session();
    await talk.send(script('!think let me see', '!say Hello there'));
    const end = await talk.end();
    expect(end.data).toMatchObject({ outcome: 'completed', turns: 1 });
    expect(end.data.answer?.text).toBe('Hello there');
    expect(end.data.usage.tokens).toMatchObject({ input: 120, cacheRead: 7, cacheWrite: 5 });
    expect(end.data.usage.cost?.amount).toBeGreaterThan(0);
    expect(talk.texts('thought')).toEqual(['let me see']);
    expect(talk.of('delivery')).toHaveLength(1);
    const { row } = await talk.whole();
    expect(row.modelInForce?.id).toMatch(/^claude-/);
    expect(row.context.size).toBeGreaterThan(0);
    await checked(talk);
  });

  test('V4: its text is seen token by token', async () => {
    const talk = await place.session();
    await talk.send(script('!say one ', '!hold tokens', '!say two'));
    const seen = await place.partial(talk.session, ({ whole }) => whole === 'one ');
    place.model.release('tokens');
    await talk.end();
    expect(talk.texts('message')).toEqual(['one two']);
    expect(talk.of('message')[0]?.id).toBe(seen.entryId);
    await checked(talk);
  });

  test('P2: a prompt that comes meanwhile waits and is then answered in the same host', async () => {
    const talk = await place.session();
    await talk.send(script('!say first ', '!hold queue'));
    await place.partial(talk.session, ({ whole }) => whole === 'first ');
    const second = await talk.send('!say second');
    expect(second.state).toBe('queued');
    place.model.release('queue');
    await talk.end(2);
    expect(talk.texts('message')).toEqual(['first ', 'second']);
    expect(talk.of('host').filter(({ data }) => data.state === 'launched')).toHaveLength(1);
    await checked(talk);
  });

  test('P2: a steered prompt goes into the running turn', async () => {
    const talk = await place.session();
    await talk.send(script('!say at work', bash('touch steered'), '!next', '!heard'));
    const approval = await talk.next('approval');
    const steered = await talk.send('look left instead', { delivery: 'steer' });
    expect(steered.state).toBe('steering');
    await talk.decide(approval.id, 'allow');
    const end = await talk.end();
    expect(end.data.outcome).toBe('completed');
    expect(end.data.answer?.text).toContain('look left instead');
    const delivered = talk.of('delivery').find(({ about }) => about === steered.entry.id);
    expect(delivered?.runId).toBe(end.runId);
    await checked(talk);
  });

  test('R3: an error of the model service fails it, with its status', async () => {
    const talk = await place.session();
    await talk.send('!fail 400');
    expect((await talk.end()).data).toMatchObject({
      outcome: 'failed',
      error: { category: 'request', status: 400 },
    });
    await talk.send('!fail 529');
    expect((await talk.end(2)).data).toMatchObject({
      outcome: 'failed',
      error: { category: 'service', status: 529 },
    });
    await talk.send('!say well again');
    expect((await talk.end(3)).data.outcome).toBe('completed');
    await checked(talk);
  });

  test('R4: an abort interrupts it, and the host goes on', async () => {
    const talk = await place.session();
    await talk.send(script('!say hard at work ', '!hold never'));
    await place.partial(talk.session, ({ whole }) => whole === 'hard at work ');
    const { status } = await talk.abort({ wait: true });
    expect(status).toBe('aborted');
    expect((await talk.end()).data.outcome).toBe('cancelled');
    expect(talk.texts('message')).toEqual(['hard at work ']);
    await talk.send('!say again');
    expect((await talk.end(2)).data.outcome).toBe('completed');
    expect(talk.of('host').filter(({ data }) => data.state === 'launched')).toHaveLength(1);
    await checked(talk);
  });
});

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

  test('L1: a text whose connection broke goes on where it was, in one entry', async () => {
    const talk = await place.session();
    await talk.send(script('!say one two ', '!cut 1', '!say three'));
    expect((await talk.end()).data.outcome).toBe('completed');
    expect(talk.texts('message')).toEqual(['one two three']);
    expect(talk.of('notice').map(({ data }) => data.code)).toContain('model-retry');
    await checked(talk);
  });

  test('P3: an agent that is killed in the middle of an answer ends its run, and is resumed', async () => {
    const talk = await place.session();
    await talk.send('!say I know this');
    await talk.end();
    await talk.send(script('!say half of it ', '!hold dead'));
    await place.partial(talk.session, ({ whole }) => whole === 'half of it ');
    process.kill([...talk.hosts.values()].at(-1)!, 'SIGKILL');
    expect((await talk.end(2)).data.outcome).toBe('failed');
    expect(talk.of('message').at(-1)?.data.incomplete).toBe(true);
    await talk.send('!recall');
    await talk.end(3);
    expect(talk.texts('message').at(-1)).toContain('!say I know this');
    await checked(talk);
  });
});

describe('tools', () => {
  test('A1: an edit that is allowed is made, and its approval shows the change', async () => {
    const talk = await place.session();
    const file = path.join(talk.cwd, 'note');
    const write = call('Write', { file_path: file, content: 'written\n' });
    await talk.send(script('!say I write', write, '!next', '!say written'));
    const approval = await talk.next('approval');
    expect(await isThere(file)).toBe(false);
    expect(approval.data.toolCall).toMatchObject({
      kind: 'edit',
      content: [{ type: 'diff', path: file, oldText: null, newText: 'written\n' }],
    });
    await talk.decide(approval.id, 'allow');
    expect((await talk.end()).data.outcome).toBe('completed');
    expect(await readFile(file, 'utf8')).toBe('written\n');
    const states = talk.of('tool_call').map(({ data }) => data.status);
    expect(states).toEqual(['in_progress', 'completed']);
    await checked(talk);
  });

  test('A1: an edit that is denied is not made', async () => {
    const talk = await place.session();
    const file = path.join(talk.cwd, 'secret');
    const write = call('Write', { file_path: file, content: 'no' });
    await talk.send(script(write, '!next', '!say so not'));
    const approval = await talk.next('approval');
    await talk.decide(approval.id, 'deny');
    expect((await talk.end()).data).toMatchObject({ outcome: 'completed' });
    expect(await isThere(file)).toBe(false);
    expect(talk.of('tool_call').at(-1)?.data.status).toBe('failed');
    await checked(talk);
  });

  test('a command runs, and its output is in the log', async () => {
    const talk = await place.session();
    await talk.send(script(bash('touch made && echo out'), '!next', '!say ran'));
    const approval = await talk.next('approval');
    expect(approval.data.title).toBe('touch made && echo out');
    await talk.decide(approval.id, 'allow');
    await talk.end();
    expect(await isThere(path.join(talk.cwd, 'made'))).toBe(true);
    expect(talk.of('tool_call').at(-1)?.data).toMatchObject({
      name: 'Bash',
      kind: 'execute',
      status: 'completed',
      output: 'out',
    });
    await checked(talk);
  });

  test('A3 R4: an abort withdraws an open question and leaves no process behind', async () => {
    const talk = await place.session();
    await talk.send(script(bash('touch never'), '!next', '!say done'));
    const approval = await talk.next('approval');
    await talk.abort({ wait: true });
    expect((await talk.end()).data.outcome).toBe('cancelled');
    const decision = await talk.next('decision', ({ about }) => about === approval.id);
    expect(decision.data.outcome).toBe('withdrawn');
    await talk.send('!say again');
    expect((await talk.end(2)).data.outcome).toBe('completed');
    expect(await isThere(path.join(talk.cwd, 'never'))).toBe(false);
    await checked(talk);
  });
});

describe('restarts', () => {
  test('R7 V4: a daemon killed in the middle of a text finds the same turn, nothing doubled', async () => {
    const before = await place.session();
    await before.send(script('!say before the kill ', '!hold kill', '!say and after it'));
    await place.partial(before.session, ({ whole }) => whole === 'before the kill ');
    await place.kill();
    place.model.release('kill');
    await place.start();
    const talk = place.talk(before.session, before.cwd);
    expect((await talk.end()).data.outcome).toBe('completed');
    expect(talk.texts('message')).toEqual(['before the kill and after it']);
    expect(talk.of('delivery')).toHaveLength(1);
    expect(place.asked('before the kill')).toBe(1);
    await talk.send('!say next');
    await talk.end(2);
    expect(talk.of('host').filter(({ data }) => data.state === 'launched')).toHaveLength(1);
    await checked(talk);
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

  test('A2: an approval that is open across the kill of the daemon can be decided after it', async () => {
    const before = await place.session();
    await before.send(script('!say may I', bash('touch allowed'), '!next', '!say thank you'));
    const approval = await before.next('approval');
    await place.kill();
    await place.start();
    const talk = place.talk(before.session, before.cwd);
    const { row } = await talk.whole();
    expect(row.openApprovals).toBe(1);
    await talk.decide(approval.id, 'allow');
    expect((await talk.end()).data.outcome).toBe('completed');
    expect(await isThere(path.join(talk.cwd, 'allowed'))).toBe(true);
    expect(talk.texts('message')).toEqual(['may I', 'thank you']);
    await checked(talk);
  });

  test('R10: a session whose host was stopped is resumed with all that was said', async () => {
    const before = await place.session();
    await before.send('!say something to remember');
    await before.end();
    const { nativeId } = (await before.whole()).row;
    expect(nativeId).toMatch(/^[0-9a-f-]{36}$/);
    await place.stop();
    await place.start();
    const talk = place.talk(before.session, before.cwd);
    await talk.send('!recall');
    await talk.end(2);
    expect(talk.texts('message').at(-1)).toBe('remembered: !say something to remember');
    const { row } = await talk.whole();
    expect(row.nativeId).toBe(nativeId);
    const resumed = talk.of('host').filter(({ data }) => data.resumed === true);
    expect(resumed).toHaveLength(1);
    await checked(talk);
  });
});
