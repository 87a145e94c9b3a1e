import path from 'node:path';
import { expect } from 'vitest';
import { script } from '../model-script.ts';
import { checked, isThere } from '../place.ts';
import { Repository } from './repository.ts';
import type { Scenario, World } from './world.ts';

/** What a working directory brings along. */
export const directories = {
  directory: async (world) => {
    const { place, dialect } = world;
    const cwd = path.join(place.root, 'cloned');
    const from = place.model.requests.length;
    const repository = await Repository.write(cwd, dialect.brings);
    try {
      const talk = await world.session({ cwd });
      await talk.send(script('!say I look', dialect.bash('touch unasked'), '!next', '!say done'));
      // Allowed by the repository; asked about all the same.
      const approval = await world.asked(talk, 'approval');
      expect(await isThere(path.join(cwd, 'unasked'))).toBe(false);
      await talk.decide(approval.id, 'deny');
      expect((await world.end(talk)).data.outcome).toBe('completed');
      await talk.send(dialect.brings.invoke);
      await world.end(talk, 2);
      // A host of its own once more: also what is resumed reads nothing.
      await place.stop();
      await dialect.settled?.(place.home);
      const later = await world.restarted(talk);
      await later.send('!say and on');
      expect((await world.end(later, 3)).data.outcome).toBe('completed');
      expect(await repository.marks()).toEqual([]);
      expect(repository.requests).toEqual([]);
      expect(heard(world, from)).toBe(false);
      expect(await isThere(path.join(cwd, 'unasked'))).toBe(false);
      await checked(later);
    } finally {
      await repository.close();
    }
  },

  trusted: async (world) => {
    const { marks, requests, heard: hears } = world.dialect.brings.used;
    const cwd = await world.trustedDirectory('mine');
    const from = world.place.model.requests.length;
    const repository = await Repository.write(cwd, world.dialect.brings);
    try {
      const talk = await world.session({ cwd });
      await talk.send('!say hello');
      await world.end(talk);
      expect(await repository.marks()).toEqual(expect.arrayContaining([...marks]));
      for (const request of requests) {
        expect(repository.requests).toContainEqual(expect.stringMatching(request));
      }
      expect(heard(world, from)).toBe(hears);
    } finally {
      await repository.close();
    }
  },
} satisfies { [name: string]: Scenario };

/** Whether the model was told the repository's own words since then. */
function heard({ place }: World, from: number): boolean {
  return JSON.stringify(place.model.requests.slice(from)).includes('Of the repository');
}
