import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { alive, until } from '../app/processes.ts';
import { bash, call, script } from './model-script.ts';
import { checked, isThere, Place } from './place.ts';

let place: Place;

beforeAll(async () => {
  place = await Place.open();
});

afterAll(() => place.close());

test('A1: a command that is denied is not run, and the model is told', async () => {
  const talk = await place.session();
  await talk.send(script(bash('touch forbidden'), '!next', '!heard'));
  const approval = await talk.next('approval');
  const told = await talk.decide(approval.id, 'deny');
  expect(told.outcome).toBe('denied');
  expect((await talk.end()).data.outcome).toBe('completed');
  expect(await isThere(path.join(talk.cwd, 'forbidden'))).toBe(false);
  const last = talk.of('tool_call').at(-1);
  expect(last?.data).toMatchObject({ name: 'Bash', status: 'failed' });
  expect(last?.data.output).toContain('The user does not allow this.');
  await checked(talk);
});

test('R4 R5: an abort while a command runs ends the command, and the host goes on', async () => {
  const talk = await place.session();
  // The shell's own child in the foreground, which an end of the shell alone would leave behind.
  const command = 'echo $$ > shell; sleep 300 & echo $! > sleeper; wait';
  await talk.send(script(bash(command), '!next', '!say never said'));
  const approval = await talk.next('approval');
  await talk.decide(approval.id, 'allow');
  const pidIn = async (name: string): Promise<number> => {
    const text = await readFile(path.join(talk.cwd, name), 'utf8').catch(() => '');
    return Number(text.trim() || 'NaN');
  };
  await until('the command runs', async () => (await pidIn('sleeper')) > 0, 10_000);
  const pids = [await pidIn('shell'), await pidIn('sleeper')];
  for (const pid of pids) expect(await alive(pid)).toBe(true);
  const { status } = await talk.abort({ wait: true });
  expect(status).toBe('aborted');
  expect((await talk.end()).data.outcome).toBe('cancelled');
  for (const pid of pids) expect(await alive(pid)).toBe(false);
  expect(talk.of('tool_call').at(-1)?.data.status).not.toBe('in_progress');
  await talk.send('!say again');
  expect((await talk.end(2)).data.outcome).toBe('completed');
  expect(talk.texts('message')).toEqual(['again']);
  expect(talk.of('host').filter(({ data }) => data.state === 'launched')).toHaveLength(1);
  await checked(talk);
});

test('P3: a prompt that is aborted at once is delivered exactly if the agent’s own conversation has it', async () => {
  const talk = await place.session();
  await talk.send('!say ready');
  await talk.end();
  const waits = [0, 0, 1, 2, 4, 8, 16, 30];
  for (const [at, ms] of waits.entries()) {
    const sent = talk.send(script(`!say answer ${at} `, '!hold never'), { id: `at-once-${at}` });
    await new Promise((resolve) => setTimeout(resolve, ms));
    // Before it is stored there is no run to abort.
    while ((await talk.abort({ wait: true })).status === 'no-active-run') await sent;
    await talk.end(at + 2);
  }
  const { entries } = await talk.whole();
  const folder = path.join(place.home, '.claude/projects');
  const files = (await readdir(folder, { recursive: true })).filter((name) =>
    name.endsWith('jsonl'),
  );
  const texts = await Promise.all(files.map((name) => readFile(path.join(folder, name), 'utf8')));
  const own = texts
    .flatMap((text) => text.split('\n'))
    .filter((line) => /"type":"user"/.test(line));
  for (const at of waits.keys()) {
    const kept = own.filter((line) => line.includes(`!say answer ${at} `)).length;
    const fates = entries.filter(({ about }) => about === `at-once-${at}`).map(({ kind }) => kind);
    expect([at, fates]).toEqual([at, kept === 1 ? ['delivery'] : ['queue']]);
  }
  await talk.send('!say again');
  expect((await talk.end(waits.length + 2)).data.outcome).toBe('completed');
  await checked(talk);
});

test('P2: three prompts that wait are answered one after another, each in a run of its own', async () => {
  const talk = await place.session();
  await talk.send(script('!say zero ', '!hold three'));
  await place.partial(talk.session, ({ whole }) => whole === 'zero ');
  for (const word of ['one', 'two', 'three']) {
    const { state } = await talk.send(`!say ${word}`);
    expect(state).toBe('queued');
  }
  expect((await talk.whole()).row.queued).toBe(3);
  place.model.release('three');
  await talk.end(4, 30_000);
  expect(talk.texts('message')).toEqual(['zero ', 'one', 'two', 'three']);
  const runs = talk.of('delivery').map(({ runId }) => runId);
  expect(new Set(runs).size).toBe(4);
  expect(talk.of('run_ended').map(({ data }) => data.outcome)).toEqual(
    Array.from({ length: 4 }, () => 'completed'),
  );
  await checked(talk);
});

test('usage is counted once for each message of the model, and cost once for each run', async () => {
  const talk = await place.session();
  const note = call('Write', { file_path: path.join(talk.cwd, 'note'), content: 'x' });
  // A message with a thought, a text and a call comes as several lines of the agent.
  await talk.send(script('!think hm', '!say I write', note, '!next', '!say done'));
  const approval = await talk.next('approval');
  await talk.decide(approval.id, 'allow');
  const first = await talk.end();
  await talk.send('!say more');
  const second = await talk.end(2);
  const usage = talk.of('usage');
  const keys = usage.map(({ data }) => data.key);
  expect(new Set(keys).size).toBe(keys.length);
  for (const [at, end] of [first, second].entries()) {
    const asked = requestsOf().slice(at === 0 ? 0 : 2, at === 0 ? 2 : 3);
    const input = asked.reduce((sum, { messages = [] }) => sum + 100 + 10 * messages.length, 0);
    expect(end.data.usage.tokens).toMatchObject({
      input,
      cacheRead: 7 * asked.length,
      cacheWrite: 5 * asked.length,
    });
    const costs = usage.flatMap(({ runId, data }) =>
      runId === end.runId && data.cost !== undefined ? [data.cost.amount] : [],
    );
    expect(costs).toHaveLength(1);
    expect(end.data.usage.cost).toEqual({ amount: costs[0], currency: 'USD' });
  }
  expect(second.data.usage.cost!.amount).toBeLessThan(first.data.usage.cost!.amount);
  await checked(talk);

  /** What the model was asked in this session. */
  function requestsOf(): typeof place.model.requests {
    return place.model.requests.filter(({ messages }) =>
      JSON.stringify(messages).includes('I write'),
    );
  }
});
