import { expect, test } from 'vitest';
import { limits } from '../../src/domain/limits.ts';
import { Transcript } from './transcript.ts';
import { IngressWorld } from './world.ts';

test('V6: what would take the main thread long is read beside it, an entry or many of them', async () => {
  const beside: number[] = [];
  const world = await IngressWorld.open(undefined, { beside: (bytes) => void beside.push(bytes) });
  const { id, token, writer } = await world.log();
  const transcript = new Transcript();
  const sized = (bytes: number) => {
    const line = transcript.user('');
    const text = 'x'.repeat(bytes - JSON.stringify(line).length);
    return { ...line, message: { role: 'user', content: text } };
  };
  await writer.append(id, sized(limits.besideBytes));
  expect(beside).toEqual([]);
  await writer.append(id, sized(limits.besideBytes + 1));
  expect(beside).toEqual([limits.besideBytes + 1]);
  beside.length = 0;
  // Small ones that are many hold up others as one large one does.
  const lines = Array.from({ length: 80 }, () => sized(2000));
  const head = (await world.client.sessions.get({ session: id })).session.head!;
  const answer = await world.ask('POST', `/v1/session_ingress/session/${id}`, {
    token,
    body: lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
    headers: { 'content-type': 'application/x-ndjson', 'last-uuid': head },
  });
  expect(answer.status).toBe(201);
  expect(beside).toEqual(lines.map(() => 2000));
  expect((await writer.hydrate(id))!.slice(2)).toEqual(lines);
});
