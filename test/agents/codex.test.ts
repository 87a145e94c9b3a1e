import { readFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { leftOf, processes, until } from '../app/processes.ts';
import type { Talk } from '../app/talk.ts';
import { addFile, patch, run } from './codex-script.ts';
import { call, script } from './model-script.ts';
import { checked, isThere, Place } from './place.ts';

let place: Place;

beforeAll(async () => {
  place = await Place.open([], 'codex');
});

afterAll(() => place.close());

function launches(talk: Talk): number {
  return talk.of('host').filter(({ data }) => data.state === 'launched').length;
}

/** Processes with these words in their arguments. */
async function running(words: string): Promise<number[]> {
  const found = await Promise.all(
    (await processes()).map(async ({ pid }) => {
      const text = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '');
      return text.split('\0').join(' ').includes(words) ? [pid] : [];
    }),
  );
  return found.flat();
}

describe('a turn', () => {
  test('P1 R10: a prompt is delivered and answered, with thoughts, usage and context', async () => {
    const talk = await place.session();
    await talk.send(script('!think let me see', '!say Hello there'));
    const end = await talk.end();
    expect(end.data).toMatchObject({ outcome: 'completed', turns: 1 });
    expect(end.data.answer?.text).toBe('Hello there');
    expect(talk.texts('thought')).toEqual(['let me see']);
    expect(talk.of('delivery')).toHaveLength(1);
    const { row } = await talk.whole();
    expect(row.modelInForce).toEqual({ provider: 'scripted', id: 'gpt-5.5' });
    expect(row.context.size).toBeGreaterThan(0);
    expect(row.nativeId).toMatch(/^[0-9a-f-]{36}$/);
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

  test('P2: three prompts that wait are answered one after another, in one host', async () => {
    const talk = await place.session();
    await talk.send(script('!say zero ', '!hold three'));
    await place.partial(talk.session, ({ whole }) => whole === 'zero ');
    for (const word of ['one', 'two', 'three']) {
      expect((await talk.send(`!say ${word}`)).state).toBe('queued');
    }
    place.model.release('three');
    await talk.end(4);
    expect(talk.texts('message')).toEqual(['zero ', 'one', 'two', 'three']);
    expect(new Set(talk.of('delivery').map(({ runId }) => runId)).size).toBe(4);
    expect(launches(talk)).toBe(1);
    await checked(talk);
  });

  test('P2: a steered prompt goes into the running turn', async () => {
    const talk = await place.session();
    await talk.send(script('!say at work', run('touch steered'), '!next', '!heard'));
    const approval = await talk.next('approval');
    const steered = await talk.send('look left instead', { delivery: 'steer' });
    expect(steered.state).toBe('steering');
    await talk.decide(approval.id, 'allow');
    const end = await talk.end();
    expect(end.data.answer?.text).toContain('look left instead');
    const delivered = talk.of('delivery').find(({ about }) => about === steered.entry.id);
    expect(delivered?.runId).toBe(end.runId);
    await checked(talk);
  });

  test('P3 R4: what was steered and not read is withdrawn with an abort', async () => {
    const talk = await place.session();
    await talk.send(script(run('sleep 300'), '!next', '!say never'));
    const approval = await talk.next('approval');
    await talk.decide(approval.id, 'allow');
    await until('the command runs', async () => (await running('sleep 300')).length > 0);
    const steered = await talk.send('look left instead', { delivery: 'steer' });
    await talk.abort({ wait: true });
    expect((await talk.end()).data.outcome).toBe('cancelled');
    const fate = talk.of('queue').find(({ about }) => about === steered.entry.id);
    expect(fate?.data.change).toBe('withdrawn');
    await until('it is ended', async () => (await running('sleep 300')).length === 0);
    await checked(talk);
  });
});

describe('aborts', () => {
  test('R4: in a text, and the host goes on', async () => {
    const talk = await place.session();
    await talk.send(script('!say hard at work ', '!hold never'));
    await place.partial(talk.session, ({ whole }) => whole === 'hard at work ');
    expect((await talk.abort({ wait: true })).status).toBe('aborted');
    expect((await talk.end()).data.outcome).toBe('cancelled');
    expect(talk.texts('message')).toEqual(['hard at work ']);
    expect(talk.of('message')[0]?.data.incomplete).toBe(true);
    await talk.send('!say again');
    expect((await talk.end(2)).data.outcome).toBe('completed');
    expect(launches(talk)).toBe(1);
    await checked(talk);
  });

  test('R4 R5: while a command runs, which is ended with what it has started', async () => {
    const talk = await place.session();
    const command = 'sleep 3001 & sleep 3002; echo never';
    await talk.send(script(run(command), '!next', '!say never said'));
    const approval = await talk.next('approval');
    await talk.decide(approval.id, 'allow');
    await until('the command runs', async () => (await running('sleep 3002')).length > 0);
    expect((await running('sleep 3001')).length).toBeGreaterThan(0);
    expect((await talk.abort({ wait: true })).status).toBe('aborted');
    expect((await talk.end()).data.outcome).toBe('cancelled');
    // What has only just begun Codex ends by itself, and does not wait for it.
    await until('nothing of it runs', async () => {
      return (await running('sleep 3001')).length + (await running('sleep 3002')).length === 0;
    });
    // Codex tells the end of one that it has given time to; another one it ends by itself and says nothing.
    expect(talk.of('tool_call').at(-1)?.data.status).toMatch(/^(?:failed|cancelled)$/);
    await talk.send('!say again');
    expect((await talk.end(2)).data.outcome).toBe('completed');
    expect(talk.texts('message')).toEqual(['again']);
    expect(launches(talk)).toBe(1);
    await checked(talk);
  });

  test('A3 R4: with a question open, which is withdrawn', async () => {
    const talk = await place.session();
    await talk.send(script(run('touch never'), '!next', '!say done'));
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

  test('P3: at once, whatever has been begun, each prompt has one fate', async () => {
    const talk = await place.session();
    await talk.send('!say ready');
    await talk.end();
    const waits = [0, 1, 4, 16, 40];
    for (const [at, ms] of waits.entries()) {
      const sent = talk.send(script(`!say answer ${at} `, '!hold never'), { id: `at-once-${at}` });
      await new Promise((resolve) => setTimeout(resolve, ms));
      // Before it is stored there is no run to abort.
      while ((await talk.abort({ wait: true })).status === 'no-active-run') await sent;
      expect((await talk.end(at + 2)).data.outcome).toBe('cancelled');
    }
    const { entries } = await talk.whole();
    for (const at of waits.keys()) {
      const fates = entries
        .filter(({ about }) => about === `at-once-${at}`)
        .map(({ kind }) => kind);
      expect([at, fates.length]).toEqual([at, 1]);
    }
    await talk.send('!say again');
    expect((await talk.end(waits.length + 2)).data.outcome).toBe('completed');
    expect(launches(talk)).toBe(1);
    await checked(talk);
  });
});

describe('tools', () => {
  test('A1: a change that is allowed is made, and its approval shows it', async () => {
    const talk = await place.session();
    const file = path.join(talk.cwd, 'note');
    await talk.send(script('!say I write', addFile('note', 'written'), '!next', '!say written'));
    const approval = await talk.next('approval');
    expect(await isThere(file)).toBe(false);
    expect(approval.data.toolCall).toMatchObject({
      kind: 'edit',
      content: [{ type: 'diff', path: file, oldText: null, newText: 'written\n' }],
    });
    await talk.decide(approval.id, 'allow');
    expect((await talk.end()).data.outcome).toBe('completed');
    expect(await readFile(file, 'utf8')).toBe('written\n');
    expect(talk.of('tool_call').map(({ data }) => data.status)).toEqual([
      'in_progress',
      'completed',
    ]);
    await checked(talk);
  });

  test('A1: what is denied is not done, and the model is told', async () => {
    const talk = await place.session();
    await talk.send(
      script(addFile('secret', 'no'), '!next', run('touch secret'), '!next', '!say so'),
    );
    const first = await talk.next('approval');
    await talk.decide(first.id, 'deny');
    const second = await talk.next('approval', ({ id }) => id !== first.id);
    await talk.decide(second.id, 'deny');
    expect((await talk.end()).data.outcome).toBe('completed');
    expect(await isThere(path.join(talk.cwd, 'secret'))).toBe(false);
    expect(talk.of('tool_call').map(({ data }) => data.status)).toEqual([
      'in_progress',
      'failed',
      'in_progress',
      'failed',
    ]);
    const told = JSON.stringify(place.model.requests.at(-1)?.messages);
    expect(told).toContain('rejected by user');
    await checked(talk);
  });

  // What Codex cannot do: a denial carries no words. Where this begins to fail, the profile can say more.
  test('A1: a message with a denial does not reach the model, and whoever denies is told so', async () => {
    const talk = await place.session();
    await talk.send(script(run('touch secret'), '!next', '!say so'));
    const { id: approval } = await talk.next('approval');
    const { session } = talk;
    const denied = {
      session,
      approval,
      verdict: 'deny',
      message: 'because of the weather',
    } as const;
    expect((await place.client.approvals.decide(denied)).told).toBe(false);
    expect((await talk.end()).data.outcome).toBe('completed');
    expect(JSON.stringify(place.model.requests.at(-1))).not.toContain('weather');
    await checked(talk);
  });

  test('A4: what is remembered of a command is not asked about again, another one is', async () => {
    const talk = await place.session();
    const more = run('touch one two');
    await talk.send(
      script(run('touch one'), '!next', run('touch one'), '!next', more, '!next', '!say so'),
    );
    const first = await talk.next('approval');
    const { session } = talk;
    const allowed = { session, approval: first.id, verdict: 'allow', remember: 'session' } as const;
    await place.client.approvals.decide(allowed);
    const other = await talk.next(
      'approval',
      ({ id, data }) => id !== first.id && data.title === 'touch one two',
    );
    await talk.decide(other.id, 'deny');
    expect((await talk.end()).data.outcome).toBe('completed');
    const calls = talk.of('tool_call').filter(({ data }) => data.status !== 'in_progress');
    expect(calls.map(({ data }) => data.status)).toEqual(['completed', 'completed', 'failed']);
    expect(await isThere(path.join(talk.cwd, 'two'))).toBe(false);
    await checked(talk);
  });

  test('a command runs, and its output is in the log', async () => {
    const talk = await place.session();
    await talk.send(script(run('touch made && echo out; exit 3'), '!next', '!say ran'));
    const approval = await talk.next('approval');
    expect(approval.data.title).toBe('touch made && echo out; exit 3');
    await talk.decide(approval.id, 'allow');
    await talk.end();
    expect(await isThere(path.join(talk.cwd, 'made'))).toBe(true);
    expect(talk.of('tool_call').at(-1)?.data).toMatchObject({
      name: 'exec_command',
      kind: 'execute',
      status: 'failed',
      output: 'out\n',
    });
    await checked(talk);
  });

  test('a file that is edited, moved and deleted is told with what changed', async () => {
    const talk = await place.session();
    await talk.send(
      script(
        addFile('note', 'one', 'two'),
        '!next',
        patch('*** Update File: note', '*** Move to: moved', '@@', ' one', '-two', '+TWO'),
        '!next',
        patch('*** Delete File: moved'),
        '!next',
        '!say gone',
      ),
    );
    const seen = new Set<string>();
    for (let at = 0; at < 3; at += 1) {
      const { id } = await talk.next('approval', (entry) => !seen.has(entry.id));
      seen.add(id);
      await talk.decide(id, 'allow');
    }
    expect((await talk.end()).data.outcome).toBe('completed');
    const ended = talk.of('tool_call').filter(({ data }) => data.status === 'completed');
    expect(ended.map(({ data }) => [data.kind, data.content?.[0]])).toMatchObject([
      ['edit', { newText: 'one\ntwo\n' }],
      [
        'edit',
        { path: path.join(talk.cwd, 'moved'), oldText: 'one\ntwo\n', newText: 'one\nTWO\n' },
      ],
      ['delete', { oldText: 'one\nTWO\n', newText: '' }],
    ]);
    await checked(talk);
  });

  test('R1: a command that is left running lives on, is told as left, and its end is told', async () => {
    const talk = await place.session();
    const left = run('sleep 2; echo late > late', { yield_time_ms: 250 });
    await talk.send(script(left, '!next', '!say started'));
    const approval = await talk.next('approval');
    await talk.decide(approval.id, 'allow');
    expect((await talk.end()).data.outcome).toBe('completed');
    expect(talk.of('tool_call').at(-1)?.data.output).toContain('in the background');
    await talk.next('notice', ({ data }) => data.code === 'background-task');
    expect(await isThere(path.join(talk.cwd, 'late'))).toBe(true);
    expect(talk.of('run_ended')).toHaveLength(1);
    await checked(talk);
  });
});

describe('sub-agents', () => {
  const delegate = (...lines: readonly string[]): string =>
    call('multi_agent_v1/spawn_agent', { message: script(...lines), agent_type: 'default' });

  async function delegating(prompt: string): Promise<Talk> {
    const talk = await place.session();
    // The tools are for this one.
    await place.client.sessions.patch({ session: talk.session, model: 'gpt-5.4' });
    await talk.send(prompt);
    return talk;
  }

  test('R2: belong to the turn of the prompt, and what they take is counted', async () => {
    const from = place.model.bill.length;
    const child = delegate(
      '!hold child',
      '!say child at work',
      run('touch child'),
      '!next',
      '!say over',
    );
    const talk = await delegating(script('!say I delegate', child, '!next', '!say it has begun'));
    await talk.says(/it has begun/);
    place.model.release('child');
    const approval = await talk.next('approval');
    await talk.decide(approval.id, 'allow');
    const { data } = await talk.end();
    expect(data.outcome).toBe('completed');
    expect(await isThere(path.join(talk.cwd, 'child'))).toBe(true);
    const begun = talk.of('tool_call').find((entry) => entry.data.name === 'spawnAgent');
    const nested = talk.of('message').filter(({ parentCall }) => parentCall === begun?.data.call);
    expect(nested).toHaveLength(2);
    expect(approval.parentCall).toBe(begun?.data.call);
    const bill = place.model.bill.slice(from);
    expect(bill.map(({ whole }) => whole)).toEqual([true, true, true, true]);
    const input = bill.reduce((sum, { usage }) => sum + usage.input_tokens, 0);
    expect(data.usage.tokens.input).toBe(input);
    await checked(talk);
  });

  test('R4 R5: end with the turn that is aborted, and what they have started', async () => {
    const child = delegate('!say child at work', run('sleep 3003'), '!next', '!say never');
    const talk = await delegating(script(child, '!next', '!say I wait ', '!hold never'));
    const approval = await talk.next('approval');
    await talk.decide(approval.id, 'allow');
    await until('its command runs', async () => (await running('sleep 3003')).length > 0);
    const asked = place.model.requests.length;
    expect((await talk.abort({ wait: true })).status).toBe('aborted');
    expect((await talk.end()).data.outcome).toBe('cancelled');
    await until('nothing of it runs', async () => (await running('sleep 3003')).length === 0);
    await talk.send('!say again');
    expect((await talk.end(2)).data.outcome).toBe('completed');
    expect(talk.texts('message').at(-1)).toBe('again');
    // Nobody has gone on with it.
    expect(place.model.requests.length).toBe(asked + 1);
    expect(launches(talk)).toBe(1);
    await checked(talk);
  });
});

describe('the agent', () => {
  test('P3 R1: that is killed in the middle of an answer ends its run, leaves nothing, and is resumed', async () => {
    const talk = await place.session();
    await talk.send('!say I know this');
    await talk.end();
    await talk.send(script('!say half of it ', '!hold dead'));
    await place.partial(talk.session, ({ whole }) => whole === 'half of it ');
    const host = [...talk.hosts.entries()].at(-1)!;
    // The launcher of the package alone: what it has started goes with the host.
    process.kill(host[1]!, 'SIGKILL');
    expect((await talk.end(2)).data.outcome).toBe('failed');
    expect(talk.of('message').at(-1)?.data.incomplete).toBe(true);
    await until('nothing of it is left', async () => (await leftOf(new Map([host]))).length === 0);
    await talk.send('!recall');
    await talk.end(3);
    expect(talk.texts('message').at(-1)).toContain('!say I know this');
    await checked(talk);
  });

  test('R10: can be resumed when it is killed as soon as it has its first prompt', async () => {
    const talk = await place.session();
    await talk.send(script('!say first ', '!hold killed'));
    await talk.next('delivery');
    process.kill(await talk.agent(), 'SIGKILL');
    expect((await talk.end()).data.outcome).toBe('failed');
    const { nativeId } = (await talk.whole()).row;
    expect(nativeId).toMatch(/^[0-9a-f-]{36}$/);
    await talk.send('!recall');
    expect((await talk.end(2)).data.outcome).toBe('completed');
    expect(talk.texts('message').at(-1)).toContain('!say first');
    expect((await talk.whole()).row.nativeId).toBe(nativeId);
    await checked(talk);
  });
});
