import { expect, test } from 'vitest';
import type { SessionRow } from '../../src/domain/row.ts';
import { by, Watch, Workbench } from './workbench.ts';

/** The sessions of which a list feed has told. */
function told(watch: Watch): string[] {
  const frames = watch.frames.map(({ params }) => JSON.parse(params) as { session: string });
  return frames.map(({ session }) => session);
}

async function child(
  bench: Workbench,
  parent: string | undefined,
  title: string,
): Promise<SessionRow> {
  const changes = { title, ...(parent === undefined ? {} : { parent }) };
  return (await bench.engine.create({ changes }, by)).row;
}

test('S1: a list of a family tells of its sessions and of all that come to descend from them', async () => {
  const bench = await Workbench.open();
  const top = await child(bench, undefined, 'top');
  const own = await child(bench, top.id, 'own');
  const other = await child(bench, top.id, 'other');
  bench.clock.advance(1000);
  const watch = new Watch();
  const everything = new Watch();
  const family = new Set([own.id]);
  const list = bench.engine.openList({ family, agent: 'plain' }, watch);
  bench.engine.openList({}, everything);
  const near = await child(bench, own.id, 'near');
  const far = await child(bench, near.id, 'far');
  const foreign = await child(bench, other.id, 'foreign');
  await bench.send(own.id, 'x');
  bench.clock.advance(1000);
  expect(new Set(told(watch))).toEqual(new Set([own.id, near.id, far.id]));
  expect(told(everything)).toContain(foreign.id);
  expect(family).toEqual(new Set([own.id, near.id, far.id]));
  list.close();
});

test('S1: create with a key that is taken means that session only if its parent is the one that is named', async () => {
  const bench = await Workbench.open();
  const parent = await child(bench, undefined, 'parent');
  const key = 'agent:plain:x';
  const ask = (changes: object) => bench.engine.create({ changes: { key, ...changes } }, by);
  const made = await ask({ parent: parent.id });
  expect(await ask({ parent: parent.id })).toMatchObject({
    created: false,
    row: { id: made.row.id },
  });
  expect(await ask({})).toMatchObject({ created: false, row: { id: made.row.id } });
  const refused = expect.objectContaining({ code: 'conflict', field: 'key' });
  await expect(ask({ parent: made.row.id })).rejects.toMatchObject({ refusal: refused });
});
