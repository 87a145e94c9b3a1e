import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Place } from './place.ts';
import { testRefusals } from './refusals.ts';

let place: Place;
beforeAll(async () => {
  place = await Place.open();
});
afterAll(() => place.close());

describe('usage.summary', () => {
  test('L6: sums up what runs have used, by what is asked for, with children and in pages', async () => {
    const { id: session } = await place.session();
    const { id: child } = await place.session({ parent: session });
    await place.run(session, '[[usage 1000|200]] [[cost 0.25]] [[say a]]');
    await place.run(session, '[[usage 500|100]] [[cost 0.5]] [[say b]]');
    await place.run(child, '[[usage 10|1]] [[say c]]');
    const own = await place.http.call('usage.summary', { session, by: ['session'] });
    expect(own.rows).toMatchObject([{ session, runs: 2, tokens: { input: 1500, output: 300 } }]);
    expect(own.total.cost).toEqual([{ amount: 0.75, currency: 'USD' }]);
    const family = { session, withChildren: true, by: ['session', 'agent'], limit: 1 };
    const first = await place.socket.call('usage.summary', family);
    expect(first.total).toMatchObject({ runs: 3, tokens: { input: 1510, output: 301 } });
    const next = { ...family, cursor: first.next };
    const second = await place.http.call('usage.summary', next);
    const seen = [...first.rows, ...second.rows].map((row) => [row.session, row.agent]);
    expect(new Set(seen.map(String))).toEqual(
      new Set([`${session},scripted`, `${child},scripted`]),
    );
    expect(second.next).toBeNull();
    const later = await place.http.call('usage.summary', { session, since: '2999-01-01' });
    expect(later).toMatchObject({ rows: [], total: { runs: 0 } });
  });

  testRefusals(() => place, 'usage.summary', [
    ['an unknown session', { session: 'nobody' }, 'not_found', 'session'],
    ['a group that is none', { by: ['colour'] }, 'invalid', 'by.0'],
    ['a group twice', { by: ['day', 'day'] }, 'invalid', 'by'],
    ['a day that is none', { since: 'monday' }, 'invalid', 'since'],
    ['a cursor that is none', { cursor: 'x' }, 'invalid', 'cursor'],
  ]);
});
