import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { OutputOf } from '../../src/client/index.ts';
import { type Held, WireTap } from '../moves/wire-tap.ts';
import { script } from './model-script.ts';
import { checked, Place } from './place.ts';

/** A word that the model can only know from what was said before. */
const word = 'BANANA7';
const remember = script(`remember ${word}`, '!think hm', '!say I keep it');

type Move = OutputOf<'moves.list'>['moves'][number];

/** Two daemons, each with a HOME and directories of its own, and the way between them. */
class Two {
  readonly from: Place;
  readonly to: Place;
  readonly tap: WireTap;

  private constructor(from: Place, to: Place, tap: WireTap) {
    this.from = from;
    this.to = to;
    this.tap = tap;
  }

  static async open(agent: 'claude' | 'codex' | 'pi'): Promise<Two> {
    const [from, to] = [await Place.open([], agent), await Place.open([], agent)];
    return new Two(from, to, await WireTap.open(to.client.url));
  }

  async begin(session: string, cwd: string): Promise<void> {
    const token = (await readFile(path.join(this.to.state, 'token'), 'utf8')).trim();
    await this.from.client.moves.begin({ session, to: { url: this.tap.url, token }, cwd });
  }

  async over(session: string): Promise<Move | undefined> {
    for (;;) {
      const { moves } = await this.from.client.moves.list({ session });
      const { writer } = (await this.from.client.sessions.get({ session })).session;
      // A daemon that was killed has forgotten the moves that were over.
      const ended = moves[0] === undefined ? writer.state !== 'moving' : moves[0].endedAt !== null;
      if (ended) return moves[0];
      await delay(20);
    }
  }

  /** Kills both, and starts them: the other one serves at another port. */
  async killBoth(): Promise<void> {
    await Promise.all([this.from.kill(), this.to.kill()]);
    this.tap.lose();
    await Promise.all([this.from.start(), this.to.start()]);
    this.tap.leadTo(this.to.client.url);
  }

  async close(): Promise<void> {
    await this.tap.close();
    await this.from.close();
    await this.to.close();
  }
}

/** The conversation that the model was last asked about. */
const lastAsked = ({ model }: Place): string =>
  JSON.stringify(model.requests.at(-1)?.messages ?? []);

describe('Claude Code', () => {
  let two: Two;

  beforeAll(async () => {
    two = await Two.open('claude');
  });
  afterAll(() => two.close());

  /** It goes on where it is now, and knows what was said before. */
  async function recalls(at: Place, session: string, cwd: string): Promise<void> {
    const talk = at.talk(session, cwd);
    await talk.send('!recall');
    await talk.end(2);
    expect(lastAsked(at)).toContain(word);
    expect(talk.texts('message').at(-1)).toContain('remembered: !think hm / !say I keep it');
    await checked(talk);
  }

  test('M1 L12: moved to another HOME and directory, it recalls by itself what was said before', async () => {
    const { from, to } = two;
    const talk = await from.session();
    await talk.send(remember);
    await talk.end();
    const { nativeId } = (await talk.whole()).row;
    const { cwd } = await to.session();
    await two.begin(talk.session, cwd);
    expect(await two.over(talk.session)).toMatchObject({ phase: 'done', memory: 'exact' });
    await recalls(to, talk.session, cwd);
    const { session } = await to.client.sessions.get({ session: talk.session });
    expect(session).toMatchObject({ nativeId, cwd });
    await expect(
      from.client.sessions.send({ session: talk.session, content: 'x' }),
    ).rejects.toThrow('goes on at');
  });

  const steps: readonly Held[] = ['moves.offer', 'sessions.import', 'moves.activate'].flatMap(
    (operation) => [
      { operation, when: 'before' as const },
      { operation, when: 'after' as const },
    ],
  );

  test.each(steps)(
    'M2 L12: both daemons killed with $operation lost $when it arrives, one goes on and recalls',
    async (held) => {
      const { from, to, tap } = two;
      const talk = await from.session();
      await talk.send(remember);
      await talk.end();
      const { session } = talk;
      const { cwd } = await to.session();
      const reached = tap.hold(held);
      const begun = two.begin(session, cwd).catch((error: unknown) => error);
      await reached;
      await two.killBoth();
      await begun;
      await two.over(session);
      const { writer } = (await from.client.sessions.get({ session })).session;
      if (writer.state === 'host') {
        await two.begin(session, cwd);
        expect(await two.over(session)).toMatchObject({ phase: 'done', memory: 'exact' });
      }
      await recalls(to, session, cwd);
      await expect(from.client.sessions.send({ session, content: 'x' })).rejects.toThrow(
        'goes on at',
      );
    },
  );
});

test.each(['codex', 'pi'] as const)(
  'M1 L12: %s goes on elsewhere and is told, or remembers, what was said before',
  async (agent) => {
    const two = await Two.open(agent);
    onTestFinished(() => two.close());
    const { from, to } = two;
    const talk = await from.session();
    await talk.send(remember);
    await talk.end();
    const { cwd } = await to.session();
    await two.begin(talk.session, cwd);
    const move = await two.over(talk.session);
    expect(move).toMatchObject({ phase: 'done', error: null });
    if (move?.memory === 'primed') expect(move.reason).toMatch(/\w{3}/);
    else expect(move?.memory).toBe('exact');
    const there = to.talk(talk.session, cwd);
    await there.send('!recall');
    await there.end(2);
    expect(lastAsked(to)).toContain(word);
    await checked(there);
  },
);
