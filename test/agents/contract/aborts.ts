import path from 'node:path';
import { expect } from 'vitest';
import { until } from '../../app/processes.ts';
import type { Talk } from '../../app/talk.ts';
import { script } from '../model-script.ts';
import { checked, isThere } from '../place.ts';
import { launches, runs, uniqueSleep, type Scenario, type World } from './world.ts';

/** Aborts at every moment of a turn. */
export const aborts = {
  abortStream: async (world) => {
    const talk = await world.session();
    await talk.send(script('!say it begins ', '!hold never', '!say and is not heard'));
    await world.place.partial(talk.session, ({ whole }) => whole === 'it begins ');
    await aborted(world, talk);
    expect(talk.texts('message')).toEqual(['it begins ']);
    await answersAgain(world, talk);
  },

  abortCommand: async (world) => {
    const talk = await world.session();
    const [child, own] = [uniqueSleep(1), uniqueSleep(2)];
    const living = async (): Promise<boolean[]> => [
      await runs(`sleep ${child}`),
      await runs(`sleep ${own}`),
    ];
    const command = `echo begun; sleep ${child} & sleep ${own}; echo never`;
    await talk.send(script(world.dialect.bash(command), '!next', '!say slept'));
    await world.allow(talk);
    const both = async (): Promise<boolean> => (await living()).every(Boolean);
    await until('the command runs', both, world.patience);
    await aborted(world, talk);
    const none = async (): Promise<boolean> => !(await living()).some(Boolean);
    // Some agents end by themselves what has only just begun, and do not wait for it.
    await until('nothing of it is left', none, world.patience);
    // Some call it completed.
    expect(talk.of('tool_call').at(-1)?.data.status).toMatch(/^(?:failed|cancelled|completed)$/);
    await answersAgain(world, talk);
  },

  abortApproval: async (world) => {
    const talk = await world.session();
    await talk.send(script(world.dialect.bash('touch never'), '!next', '!say done'));
    const approval = await world.asked(talk, 'approval');
    await aborted(world, talk);
    const decision = await talk.next('decision', ({ about }) => about === approval.id);
    expect(decision.data.outcome).toBe('withdrawn');
    await answersAgain(world, talk);
    expect(await isThere(path.join(talk.cwd, 'never'))).toBe(false);
  },
} satisfies { [name: string]: Scenario };

async function aborted(world: World, talk: Talk): Promise<void> {
  expect((await talk.abort({ wait: true })).status).toBe('aborted');
  expect((await world.end(talk)).data.outcome).toBe('cancelled');
}

/** The session goes on, in the host in which the turn was aborted. */
async function answersAgain(world: World, talk: Talk): Promise<void> {
  await talk.send('!say well again');
  expect((await world.end(talk, 2)).data.outcome).toBe('completed');
  expect(talk.texts('message').at(-1)).toBe('well again');
  expect(launches(talk)).toBe(1);
  await checked(talk);
}
