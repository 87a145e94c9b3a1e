import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Place } from './place.ts';
import { race, sorted } from './race.ts';
import { testRefusals } from './refusals.ts';

let place: Place;
let file: string;
beforeAll(async () => {
  place = await Place.open();
  file = path.join(place.home, 'told');
  const script = `cat >> '${file}'`;
  const notify = [
    { name: 'desk', events: ['session', 'run'], command: ['/bin/sh', '-c', script] },
    { name: 'broken', events: ['run'], command: ['/bin/sh', '-c', 'exit 3'] },
  ];
  const beforeCommit = [{ directory: '/usr', command: ['/bin/cat'], deadlineMs: 1000 }];
  const hooks = JSON.stringify({ notify, beforeCommit });
  await writeFile(path.join(place.state, 'hooks.json'), hooks, { mode: 0o600 });
  await place.restart();
});
afterAll(() => place.close());

const told = (): { event: string; id: string }[] =>
  !existsSync(file)
    ? []
    : readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as { event: string; id: string });

describe('hooks.list', () => {
  test('H3 H4: names the hooks and how they are, and what was told', async () => {
    const { id: session } = await place.session({ title: 'hooked' });
    await place.run(session, '[[say told]]');
    const delivered = async (): Promise<number> => {
      const { notify } = await place.http.call('hooks.list');
      return notify.find(({ name }) => name === 'desk')!.delivered;
    };
    while ((await delivered()) < 2);
    const ids = told().map(({ id }) => id.split('.')[0]);
    expect(ids.filter((id) => id === session)).toHaveLength(2);
    const hooks = await place.http.call('hooks.list');
    expect(hooks).toMatchObject({ problem: null, changed: false });
    expect(hooks.beforeCommit).toMatchObject([{ directory: '/usr', running: true, kept: 0 }]);
    expect(hooks.notify[0]!.last[0]).toMatchObject({ event: 'run.ended', outcome: 'delivered' });
  });

  testRefusals(() => place, 'hooks.list', [['an input', { all: true }, 'invalid', 'all']]);
});

describe('hooks.test', () => {
  test('H3: tells a hook, also many times at once, and says why it could not', async () => {
    const before = told().length;
    const inputs = Array.from({ length: 6 }, () => ({ name: 'desk' }));
    const { answers, codes } = sorted(await race(place, 'hooks.test', inputs));
    expect(codes).toEqual([]);
    expect(answers).toEqual(Array(6).fill({ delivered: true, message: null }));
    const tests = told()
      .slice(before)
      .filter(({ event }) => event === 'hook.test');
    expect(new Set(tests.map(({ id }) => id)).size).toBe(6);
    const broken = await place.http.call('hooks.test', { name: 'broken' });
    expect(broken).toEqual({ delivered: false, message: 'ended with 3' });
  });

  testRefusals(() => place, 'hooks.test', [
    ['a name that no hook has', { name: 'nobody' }, 'not_found', 'name'],
    ['no name', { name: '' }, 'invalid', 'name'],
  ]);
});
