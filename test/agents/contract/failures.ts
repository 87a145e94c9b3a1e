import { expect } from 'vitest';
import type { RunFailure } from '../../../src/domain/entry.ts';
import type { Talk } from '../../app/talk.ts';
import { script } from '../model-script.ts';
import { checked } from '../place.ts';
import type { Scenario, World } from './world.ts';

type Category = RunFailure['category'];

/** Errors of the model service. */
export const failures = {
  refused: answering(401, 'auth'),
  limited: answering(429, 'limit'),
  broken: answering(500, 'service'),
  overloaded: answering(529, 'service'),
  wrong: answering(400, 'request'),

  tooLong: async (world) => {
    await failed(world, script('!say cut short ', '!length'), 'limit');
  },

  retried: async (world) => {
    const talk = await world.session();
    await talk.send(script('!say one two ', '!cut 1', '!say three'));
    expect((await world.end(talk)).data.outcome).toBe('completed');
    expect(talk.texts('message')).toEqual(['one two three']);
    expect(talk.of('notice').map(({ data }) => data.code)).toContain('model-retry');
    await checked(talk);
  },

  dropped: async (world) => {
    const prompt = script('!say as far as this ', '!cut always', '!say never said');
    const talk = await failed(world, prompt, 'connection');
    // Some say it at each attempt.
    const said = new Set(talk.texts('message').slice(0, -1));
    expect([...said]).toEqual(['as far as this ']);
  },
} satisfies { [name: string]: Scenario };

function answering(status: number, category: Category): Scenario {
  return async (world) => {
    const talk = await failed(world, `!fail ${status}`, category);
    const { error } = talk.of('run_ended')[0]!.data;
    expect(error?.message).toMatch(said(status));
    // Some do not tell it; a wrong one nobody tells.
    expect(error?.status ?? status).toBe(status);
  };
}

/** The words of the service, or the agent's own for its status. */
function said(status: number): RegExp {
  return new RegExp(`scripted|high demand|${status}`);
}

/** The run fails so, and the next one is as if nothing had been. */
async function failed(world: World, prompt: string, category: Category): Promise<Talk> {
  const talk = await world.session();
  await talk.send(prompt);
  const { data } = await world.failure(talk);
  expect([data.outcome, data.error?.category]).toEqual(['failed', category]);
  await talk.send('!say well again');
  expect((await world.end(talk, 2)).data.outcome).toBe('completed');
  expect(talk.texts('message').at(-1)).toBe('well again');
  await checked(talk);
  return talk;
}
