import { expect, test } from 'vitest';
import type { Line } from './ingress-client.ts';
import { Transcript } from './transcript.ts';
import { IngressWorld } from './world.ts';

const told = (toolUseId: string, more: object = {}): Line => {
  return { type: 'agent_metadata', agentType: 'general-purpose', toolUseId, ...more };
};

async function open() {
  const world = await IngressWorld.open();
  const { id, token } = await world.log();
  let last: string | undefined;
  const post = async (lines: readonly Line[], file?: string): Promise<void> => {
    const query = file === undefined ? '' : `?file=${encodeURIComponent(file)}`;
    const body = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    const path = `/v1/session_ingress/session/${id}${query}`;
    const known = last === undefined ? {} : { 'last-uuid': last };
    const type = { 'content-type': 'application/x-ndjson' };
    const answer = await world.ask('POST', path, { token, body, headers: { ...type, ...known } });
    expect(answer.status).toBe(201);
    last = lines.findLast(({ uuid }) => uuid !== undefined)?.uuid ?? last;
  };
  /** The texts and calls of the log, each with the call under which it stands. */
  const shown = async (): Promise<(readonly [string, string | undefined])[]> => {
    const kinds = ['message', 'tool_call'] as const;
    const { entries } = await world.client.sessions.history({
      session: id,
      after: 0,
      kinds: [...kinds],
    });
    return entries.map(({ data, parentCall }) => {
      const { call, content } = data as { call?: string; content?: { text: string }[] };
      return [call ?? content?.[0]?.text ?? '', parentCall] as const;
    });
  };
  return { post, shown };
}

/** What a sub-agent has in a file of its own. */
function aside(name: string, texts: readonly string[]): Line[] {
  const transcript = new Transcript();
  const side = { isSidechain: true, agentId: name };
  return texts.map((text) => transcript.assistant(text, side));
}

test('L2 L8: what a sub-agent says stands under the call that began it, as its file tells it, in one batch or later', async () => {
  const { post, shown } = await open();
  const transcript = new Transcript();
  await post([
    transcript.user('go'),
    transcript.calls('toolu_1', 'Agent', { prompt: 'look' }),
    transcript.calls('toolu_2', 'Agent', { prompt: 'look, too' }),
  ]);
  const [one, two, other] = [
    aside('a1', ['one says', 'one goes on']),
    aside('a2', ['two says']),
    aside('a3', ['nobody knows']),
  ];
  await post([told('toolu_1'), one[0]!], 'subagents/agent-a1');
  await post([told('toolu_2')], 'subagents/agent-a2');
  await post(two, 'subagents/agent-a2');
  await post([told('toolu_1', { finished: true }), one[1]!], 'subagents/agent-a1');
  await post(other, 'subagents/agent-a3');
  expect(await shown()).toEqual([
    ['toolu_1', undefined],
    ['toolu_2', undefined],
    ['one says', 'toolu_1'],
    ['two says', 'toolu_2'],
    ['one goes on', 'toolu_1'],
    ['nobody knows', 'a3'],
  ]);
});

test('L8: what a line tells of the call is neither believed of another file nor where it is too long', async () => {
  const { post, shown } = await open();
  const transcript = new Transcript();
  await post([transcript.user('go'), told('toolu_1'), ...aside('a1', ['in the main file'])]);
  await post([told('x'.repeat(5000)), ...aside('a2', ['too long'])], 'subagents/agent-a2');
  await post([told(''), ...aside('a3', ['empty'])], 'subagents/agent-a3');
  expect(await shown()).toEqual([
    ['in the main file', 'a1'],
    ['too long', 'a2'],
    ['empty', 'a3'],
  ]);
});
