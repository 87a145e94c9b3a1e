import { afterAll, afterEach, beforeAll, test } from 'vitest';
import { aborts } from './aborts.ts';
import { cells, type Cell } from './cells.ts';
import type { Dialect } from './dialect.ts';
import { directories } from './directories.ts';
import { failsAs } from './fails-as.ts';
import { failures } from './failures.ts';
import { restarts } from './restarts.ts';
import { tools } from './tools.ts';
import { turns } from './turns.ts';
import { World, type Scenario } from './world.ts';

/** A cell without a scenario does not compile. */
const scenarios: { readonly [C in Cell]: Scenario } = {
  ...turns,
  ...tools,
  ...aborts,
  ...failures,
  ...restarts,
  ...directories,
};

const longest = 120_000;

/** The contract of all agents, with the real program of one. */
export function conforms(dialect: Dialect): void {
  let world: World;

  beforeAll(async () => {
    world = await World.open(dialect);
  });

  afterAll(() => world.place.close());

  afterEach(() => world.tidy());

  for (const name of Object.keys(cells) as Cell[]) {
    const failure = dialect.cannot[name];
    const run = async (): Promise<void> => {
      world.begin(failure);
      await scenarios[name](world);
    };
    if (failure === undefined) test(cells[name], run, longest);
    else {
      const title = `${cells[name]} (it cannot: ${failure.because})`;
      test(title, () => failsAs(failure, run), longest);
    }
  }
}
