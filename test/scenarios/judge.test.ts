import { describe, expect, test } from 'vitest';
import { differences, faultsOf, toldFaults } from './judge.ts';
import { type Entry, Refused, type Sent, type Told } from './wire.ts';

type Given = Partial<Entry> & { kind: string };

const prompt = { content: [{ type: 'text', text: 'go' }] };
const sound: readonly Given[] = [
  { kind: 'settings', data: { changes: { title: 'T' } } },
  { kind: 'prompt', id: 'p', data: prompt },
  { kind: 'run_started', runId: 'r', data: { prompts: ['p'] } },
  { kind: 'delivery', runId: 'r', about: 'p', id: 'd', parentId: null },
  { kind: 'approval', runId: 'r', id: 'a' },
  { kind: 'decision', runId: 'r', about: 'a', id: 'x', data: { outcome: 'allowed' } },
  { kind: 'message', runId: 'r', parentId: 'd', id: 'm' },
  { kind: 'run_ended', runId: 'r', data: { outcome: 'completed' } },
];

function logOf(given: readonly Given[]): Entry[] {
  return given.map((entry, at) => ({
    seq: at + 1,
    id: `e${at}`,
    at: '',
    by: { type: 'server' },
    data: {},
    digest: `${at}`,
    ...entry,
  }));
}

const without = (kind: string) => sound.filter((entry) => entry.kind !== kind);
const changed = (kind: string, change: Partial<Entry>) =>
  sound.map((entry) => (entry.kind === kind ? { ...entry, ...change } : entry));

describe('the judge of scenarios', () => {
  test('finds no fault in a sound log', () => {
    expect(faultsOf(logOf(sound))).toEqual([]);
  });

  test.each([
    ['a gap', logOf(sound).toSpliced(3, 1)],
    ['an id twice', logOf(changed('message', { id: 'p' }))],
    ['a run without an end', logOf(without('run_ended'))],
    ['two ends', logOf([...sound, sound.at(-1)!])],
    ['an entry after the end', logOf([...sound, { kind: 'usage', runId: 'r' }])],
    ['a run in a run', logOf([...sound.slice(0, 4), { kind: 'run_started', runId: 's' }])],
    ['a prompt without a fate', logOf(without('delivery'))],
    [
      'a prompt with two',
      logOf([...sound, { kind: 'queue', about: 'p', data: { change: 'withdrawn' } }]),
    ],
    ['a question that stays open', logOf(without('decision'))],
    ['a decision more', logOf([...sound, { kind: 'decision', about: 'a' }])],
    ['another parent', logOf(changed('message', { parentId: null }))],
    ['a node without a parent', logOf([...sound, { kind: 'reset' }])],
  ])('finds %s', (_, log) => {
    expect(faultsOf(log)).not.toEqual([]);
  });

  const sent = (change: Partial<Sent> = {}, content = 'go'): Told =>
    ({
      name: 'sessions.send',
      input: { content },
      answer: { entry: { id: 'p', seq: 2 }, state: 'starting', run: 'r', ...change },
    }) as unknown as Told;
  const refused = (name: Told['name'], input: object, code: string, data = {}): Told =>
    ({ name, input, refused: new Refused({ code, message: '', data }) }) as unknown as Told;
  const answered = (name: Told['name'], input: object, answer: object): Told =>
    ({ name, input, answer }) as unknown as Told;

  test('finds no fault in what is borne out', () => {
    const told = [
      sent(),
      answered('sessions.patch', { title: 'T' }, {}),
      answered('sessions.abort', {}, { status: 'no-active-run' }),
      refused('sessions.send', { id: 'other' }, 'limited'),
      refused('approvals.decide', { approval: 'a' }, 'already_decided', { decision: 'x' }),
    ];
    expect(toldFaults(logOf(sound), told)).toEqual([]);
  });

  test.each([
    ['another seq', sent({ entry: { id: 'p', seq: 3 } })],
    ['another content', sent({}, 'stay')],
    ['a run that it did not start', sent({ run: 'other' })],
    ['an interrupt that was none', sent({ interrupted: 'r' })],
    ['a prompt that was refused', refused('sessions.send', { id: 'p' }, 'limited')],
    ['a fault of the daemon', refused('sessions.get', {}, 'internal')],
    ['an abort that was none', answered('sessions.abort', {}, { status: 'stopping', run: 'r' })],
    [
      'another decision',
      refused('approvals.decide', { approval: 'a' }, 'already_decided', { decision: 'm' }),
    ],
    ['a change that was refused', refused('sessions.patch', { title: 'T' }, 'conflict')],
    ['a change that is not there', answered('sessions.patch', { title: 'U' }, {})],
    ['a reset that is not there', answered('sessions.reset', {}, {})],
  ])('finds that a caller was told of %s', (_, one) => {
    expect(toldFaults(logOf(sound), [one])).not.toEqual([]);
  });

  test('finds what one of two readers did not get, or got otherwise', () => {
    const log = logOf(sound);
    expect(differences(log, log)).toEqual([]);
    expect(differences(log, log.slice(0, -1))).toHaveLength(1);
    expect(differences(log, log.with(2, { ...log[2]!, digest: 'z' }))).toHaveLength(1);
    expect(differences(log, [log[1]!, log[0]!, ...log.slice(2)])).toHaveLength(2);
  });
});
