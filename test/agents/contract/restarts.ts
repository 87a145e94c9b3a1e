import { readFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { expect } from 'vitest';
import { leftOf, until } from '../../app/processes.ts';
import type { Talk } from '../../app/talk.ts';
import { script } from '../model-script.ts';
import { checked } from '../place.ts';
import { gistOf, transcriptOf } from '../transcript.ts';
import { launches, type Scenario, type World } from './world.ts';

/** Ends of agents and of the daemon, wanted or not. */
export const restarts = {
  resume: async (world) => {
    const { place, dialect } = world;
    const before = await world.session();
    await before.send('!say something to remember');
    await world.end(before);
    const { nativeId } = (await before.whole()).row;
    expect(nativeId).not.toBeNull();
    await place.stop();
    await dialect.settled?.(place.home);
    const talk = await world.restarted(before);
    await talk.send('!recall');
    await world.end(talk, 2);
    // What an agent says again of its history is in the log once, as it was first told.
    expect(talk.texts('message')).toEqual([
      'something to remember',
      'remembered: !say something to remember',
    ]);
    expect((await talk.whole()).row.nativeId).toBe(nativeId);
    expect(talk.of('host').filter(({ data }) => data.resumed === true)).toHaveLength(1);
    await checked(talk);
  },

  killAgent: async (world) => {
    const { place, dialect } = world;
    const talk = await world.session();
    await talk.send('!say I know this');
    await world.end(talk);
    await talk.send(script('!say half of it ', '!hold dead'));
    await place.partial(talk.session, ({ whole }) => whole === 'half of it ');
    const host = [...talk.hosts.entries()].at(-1)!;
    process.kill(host[1]!, 'SIGKILL');
    await dialect.settled?.(place.home);
    expect((await world.end(talk, 2)).data.outcome).toBe('failed');
    expect(talk.of('message').at(-1)?.data.incomplete).toBe(true);
    const gone = async (): Promise<boolean> => (await leftOf(new Map([host]))).length === 0;
    await until('nothing of it is left', gone, world.patience);
    await talk.send('!recall');
    await world.end(talk, 3);
    expect(talk.texts('message').at(-1)).toContain('!say I know this');
    await checked(talk);
  },

  killDaemon: async (world) => {
    const { place } = world;
    const before = await world.session();
    const hold = world.hold();
    await before.send(story(world, before, hold));
    await place.partial(before.session, ({ whole }) => whole === 'before it ');
    await place.kill();
    place.model.release(hold);
    const talk = await world.restarted(before);
    await allowed(world, talk);
    expect(await logOf(world, talk)).toEqual(await undisturbed(world));
    expect(world.asks(`!hold ${hold}`)).toBe(1);
    await talk.send('!say next');
    expect((await world.end(talk, 2)).data.outcome).toBe('completed');
    expect(launches(talk)).toBe(1);
    await checked(talk);
  },

  killApproval: async (world) => {
    const { place } = world;
    const before = await world.session();
    const hold = world.hold();
    place.model.release(hold);
    await before.send(story(world, before, hold));
    await world.asked(before, 'approval');
    await place.kill();
    const talk = await world.restarted(before);
    expect((await talk.whole()).row.openApprovals).toBe(1);
    await allowed(world, talk);
    expect(await logOf(world, talk)).toEqual(await undisturbed(world));
    expect(launches(talk)).toBe(1);
    await checked(talk);
  },
} satisfies { [name: string]: Scenario };

/** A run with a thought, an edit and a command, which waits in the middle of a text until HOLD is released. */
function story({ dialect }: World, talk: Talk, hold: string): string {
  return script(
    '!think I look first',
    '!say before it ',
    `!hold ${hold}`,
    '!say and after it',
    dialect.write(path.join(talk.cwd, 'note'), 'written\n'),
    '!next',
    dialect.bash('cat note > copy && wc -c copy'),
    '!next',
    '!say all is done',
  );
}

/** Allows the edit and the command, and waits for the end of the run. */
async function allowed(world: World, talk: Talk): Promise<void> {
  for (const [at, kind] of ['edit', 'execute'].entries()) {
    const { id, data } = await world.asked(talk, 'approval', at + 1);
    expect(data.toolCall?.kind).toBe(kind);
    await talk.decide(id, 'allow');
  }
  expect((await world.end(talk)).data.outcome).toBe('completed');
  expect((await readFile(path.join(talk.cwd, 'copy'), 'utf8')).trim()).toBe('written');
}

/** What is compared of a log. */
async function logOf({ dialect }: World, talk: Talk): Promise<unknown> {
  return dialect.steady ? transcriptOf(talk) : gistOf(talk);
}

/** The log of the same prompt where nothing happens to the daemon. */
function undisturbed(world: World): Promise<unknown> {
  return world.undisturbed(async () => {
    const talk = await world.session();
    const hold = world.hold();
    world.place.model.release(hold);
    await talk.send(story(world, talk, hold));
    await allowed(world, talk);
    await checked(talk);
    return logOf(world, talk);
  });
}
