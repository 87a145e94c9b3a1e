import { readFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { processes, until } from '../app/processes.ts';
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

  test('R7 R4: a command that outlives the daemon is ended by an abort after its restart', async () => {
    const before = await place.session();
    await before.send(script(run('echo begun > begun; sleep 300'), '!next', '!say never'));
    const approval = await before.next('approval');
    await before.decide(approval.id, 'allow');
    await before.next('decision');
    await place.kill();
    await place.start();
    const talk = place.talk(before.session, before.cwd);
    expect((await talk.abort({ wait: true })).status).toBe('aborted');
    expect((await talk.end()).data.outcome).toBe('cancelled');
    await talk.send('!say again');
    expect((await talk.end(2)).data.outcome).toBe('completed');
    await checked(talk);
  });
});
