import { expect, test } from 'vitest';
import { Place } from './place.ts';

test('P1: a prompt of several blocks is in the log as it was sent, and the agent gets all of it', async () => {
  const place = await Place.open();
  try {
    const talk = await place.session();
    const content = [
      { type: 'text' as const, text: '[[say read]]' },
      {
        type: 'resource' as const,
        resource: { uri: 'file:///notes.md', mimeType: 'text/markdown', text: '# Notes' },
      },
      { type: 'resource_link' as const, uri: 'file:///a.ts', name: 'a.ts' },
    ];
    await place.client.sessions.send({ session: talk.session, content });
    await talk.end(1);
    const { entries } = await talk.whole();
    const delivery = entries.find((entry) => entry.kind === 'delivery');
    expect(delivery!.data).toEqual({ content });
  } finally {
    await place.close();
  }
});
