import { describe, expect, test } from 'vitest';
import type { AgentEvent } from '../../src/domain/agent-event.ts';
import {
  decodeAll,
  driver,
  eventsOf,
  expectedOf,
  names,
  specOfFixture,
  wireOf,
} from './conversation.ts';
import { fold } from '../agents-contract/wire.ts';

/** What is said in a fixture, as whole pieces. */
function saidIn(name: string): string[] {
  const { inputs } = fold(expectedOf(name));
  return inputs.flatMap((input) => {
    if (input.type !== 'said') return [];
    const text = input.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
    return [input.parentCall === undefined ? text : `${input.parentCall}: ${text}`];
  });
}

function ends(name: string): readonly Extract<AgentEvent, { type: 'turn_ended' }>[] {
  return eventsOf(name).filter((event) => event.type === 'turn_ended');
}

describe('what the fixtures show', () => {
  test('an approval and a tool’s result in the middle of a text do not end it', () => {
    expect(saidIn('between')).toEqual(['I begin ', 'while it runs I go on', 'all done']);
    const kinds = eventsOf('between').map(({ type }) => type);
    const approval = kinds.indexOf('approval');
    const after = kinds.lastIndexOf('tool_call');
    const openText = eventsOf('between').flatMap((event, at) =>
      event.type === 'text' && at > approval ? [event.item] : [],
    );
    expect(after).toBeGreaterThan(approval);
    expect(kinds.slice(approval, after)).not.toContain('text_end');
    expect(openText[0]).toBe(openText.at(-3));
  });

  test('R2: three results for one prompt are one turn, sub-agents nested in their calls', () => {
    const results = wireOf('sub-agents').filter((line) => line.text.includes('"type":"result"'));
    expect(results).toHaveLength(3);
    expect(ends('sub-agents')).toMatchObject([{ run: 'run-1', outcome: 'completed' }]);
    const nested = eventsOf('sub-agents').filter((event) => 'parentCall' in event);
    expect(nested.length).toBeGreaterThanOrEqual(6);
    const agents = eventsOf('sub-agents').flatMap((event) =>
      event.type === 'tool_call' && event.toolCall.name === 'Agent' ? [event.toolCall.status] : [],
    );
    expect(agents.toSorted()).toEqual(['completed', 'completed', 'in_progress', 'in_progress']);
  });

  test('P2: a steered prompt is taken under its own name, in the same turn', () => {
    const taken = eventsOf('steered').flatMap((event) =>
      event.type === 'prompt_taken' ? [event.prompt] : [],
    );
    expect(taken).toEqual(['prompt-1', 'steer']);
    expect(ends('steered')).toHaveLength(1);
  });

  test('R4: an interrupted turn is cancelled, and what was being said stays incomplete', () => {
    expect(ends('interrupted').map(({ outcome }) => outcome)).toEqual(['cancelled', 'completed']);
    expect(eventsOf('interrupted')).toContainEqual(
      expect.objectContaining({ type: 'text_end', incomplete: true }),
    );
    expect(ends('interrupted-question').map(({ run, outcome }) => [run, outcome])).toEqual([
      ['run-1', 'cancelled'],
      ['run-2', 'completed'],
    ]);
  });

  test('R3: a turn that the model service failed is failed, with category and status', () => {
    expect(
      ends('errors').map(({ outcome, error }) => [outcome, error?.category, error?.status]),
    ).toEqual([
      ['failed', 'service', 529],
      ['failed', 'auth', 401],
      ['failed', 'request', 400],
      ['failed', 'limit', undefined],
    ]);
    expect(ends('errors')[1]?.error?.message).toContain('scripted 401');
  });

  test('L1: a text whose connection broke is not said twice', () => {
    expect(saidIn('dropped').filter((text) => text !== 'wait')).toEqual([
      'abc def ghi',
      'jkl ',
      'mno',
      'pqr stu',
    ]);
    expect(saidIn('dropped-after-call')).toEqual(['one ', 'then ', 'something else']);
    expect(eventsOf('dropped-after-call')).toContainEqual(
      expect.objectContaining({ type: 'notice', code: 'model-error' }),
    );
  });

  test('L7: the end of a turn is marked by a line that both sides know, an aborted one’s too', () => {
    for (const name of names) {
      const lines = wireOf(name).map((line) => JSON.parse(line.text) as { [key: string]: unknown });
      for (const { mark, stopReason } of ends(name)) {
        if (mark === undefined) continue;
        const line = lines.find(({ uuid }) => uuid === mark);
        expect([name, line?.['parent_tool_use_id'] ?? null]).toEqual([name, null]);
        expect(line?.['type']).toBe(stopReason?.startsWith('aborted') ? 'user' : 'assistant');
      }
    }
    expect(ends('interrupted')[0]).toHaveProperty('mark');
    // Local commands, and a prompt that was answered long ago.
    expect(ends('commands').map(({ mark }) => mark !== undefined)).toEqual([
      false,
      true,
      false,
      false,
      true,
    ]);
    expect(ends('repeated')[0]).not.toHaveProperty('mark');
  });

  test('R10: a session that is not there is never replaced by the id in the result', () => {
    expect(eventsOf('unknown-session')).toMatchObject([
      { type: 'open_failed', error: { category: 'launch' } },
    ]);
  });

  test('R10: a new session can be resumed from the echo of its first prompt on', () => {
    const opens = eventsOf('text').filter((event) => event.type === 'opened');
    expect(opens).toMatchObject([{ provisional: true }, { resumed: false }]);
    expect(opens[1]).not.toHaveProperty('provisional');
    expect(opens[0]?.nativeId).toBe(opens[1]?.nativeId);
    expect(eventsOf('resumed')[0]).toMatchObject({ type: 'opened', resumed: true });
    expect(saidIn('resumed')).toEqual(['remembered: !say first']);
  });

  test('P1: a prompt that was answered before is not answered again', () => {
    expect(saidIn('repeated')).toEqual([]);
    expect(ends('repeated')).toMatchObject([{ outcome: 'completed', stopReason: 'repeated' }]);
  });

  test('a task in the background begins a turn of the agent’s own', () => {
    expect(ends('background').map(({ run }) => run)).toEqual(['run-1', undefined]);
    const kinds = eventsOf('background').map(({ type }) => type);
    expect(kinds.filter((kind) => kind === 'turn_started')).toHaveLength(2);
  });

  test('usage is counted once, and the cost is of each part and not of the process so far', () => {
    const sums = eventsOf('sub-agents').flatMap((event) =>
      event.type === 'usage' ? [event.report] : [],
    );
    expect(new Set(sums.map(({ key }) => key)).size).toBe(sums.length);
    const last = wireOf('sub-agents').findLast((line) => line.text.includes('"type":"result"'))!;
    const told = JSON.parse(last.text) as {
      total_cost_usd: number;
      modelUsage: { [model: string]: { inputTokens: number; outputTokens: number } };
    };
    const [model] = Object.values(told.modelUsage);
    const sum = (of: (report: (typeof sums)[number]) => number): number =>
      sums.reduce((total, report) => total + of(report), 0);
    expect(sum(({ tokens }) => tokens.input)).toBe(model!.inputTokens);
    expect(sum(({ tokens }) => tokens.output)).toBe(model!.outputTokens);
    expect(sum(({ cost }) => cost?.amount ?? 0)).toBeCloseTo(told.total_cost_usd, 9);
  });

  test('a question of the agent is a form, and its answer reaches the model', () => {
    expect(eventsOf('question')).toContainEqual(expect.objectContaining({ type: 'question' }));
    const outputs = eventsOf('question').flatMap((event) =>
      event.type === 'tool_call' ? [event.toolCall.output] : [],
    );
    expect(outputs.at(-1)).toContain('"Which colour?"="Blue"');
  });

  const outputs = (name: string) =>
    eventsOf(name).flatMap((event) =>
      event.type === 'tool_call' && typeof event.toolCall.output === 'string'
        ? [event.toolCall.output]
        : [],
    );

  test('A1: an edited input runs, what was asked for does not', () => {
    expect(outputs('edited').at(-1)).toContain('out: No such file');
    expect(outputs('edited').at(-1)).toContain('asked\nedited');
    const titles = eventsOf('edited').flatMap((event) =>
      event.type === 'tool_call' ? [event.toolCall.title] : [],
    );
    expect(titles.slice(0, 2)).toEqual([
      'echo asked > /project/out',
      'echo asked > /project/other',
    ]);
  });

  test('A1: a denial’s message is the result of the tool, and the turn goes on', () => {
    expect(outputs('denied-with-message')).toEqual(['Not here: use the build folder.']);
    expect(ends('denied-with-message')).toMatchObject([{ outcome: 'completed' }]);
  });

  test('A1: forms and pages of an MCP server reach the person, and the answers the server', () => {
    const asked = eventsOf('elicitation').filter((event) => event.type === 'question');
    expect(asked.map(({ message }) => message)).toEqual([
      'asking asks: Who are you?',
      'asking asks: Who are you?',
      'asking asks: Log in here.\nhttps://example.org/login',
      'asking asks: Log in here.\nhttps://example.org/later',
    ]);
    expect(asked[0]?.schema).toMatchObject({ required: ['name'] });
    // What the server was told, as its tool says it again.
    expect(outputs('elicitation')).toEqual([
      '{"form":{},"url":{}}',
      '{"action":"accept","content":{"name":"Ada","age":36,"sure":true}}',
      '{"action":"decline"}',
      '{"action":"accept"}',
      '"withdrawn"',
    ]);
    expect(ends('elicitation').map(({ outcome }) => outcome)).toEqual(['completed']);
  });

  test('A3 R4: a server that takes its question back, and an abort while it waits', () => {
    const withdrawn = eventsOf('elicitation').filter((event) => event.type === 'request_withdrawn');
    const asked = eventsOf('elicitation').filter((event) => event.type === 'question');
    expect(withdrawn.map(({ request }) => request)).toEqual([asked.at(-1)?.request]);
    expect(ends('elicitation-withdrawn').map(({ outcome }) => outcome)).toEqual([
      'cancelled',
      'completed',
    ]);
    for (const name of ['elicitation', 'elicitation-withdrawn']) {
      const { states } = decodeAll(wireOf(name), driver.initial(specOfFixture(name)));
      expect(states.at(-1)).toMatchObject({ asked: [], forms: [] });
    }
  });

  test('several questions in one call: each answer reaches the model, or that there is none', () => {
    expect(outputs('questions')[0]).toContain(
      '"Which colour?"="Red", "Which "fruits"?"="Apple, Fig", "Whose?"="Neither"',
    );
    expect(outputs('question-declined')).toEqual(['The user does not want to answer.']);
    expect(ends('question-withdrawn').map(({ outcome }) => outcome)).toEqual([
      'cancelled',
      'completed',
    ]);
  });

  test('a plan is approved by a person, and so is what a mode forbids', () => {
    const approvals = eventsOf('plan').filter((event) => event.type === 'approval');
    expect(approvals.map(({ title }) => title)).toEqual([
      'Write /project/early',
      'Plan: Do it',
      'Plan: Do it',
    ]);
    expect(approvals.every(({ wants }) => wants === undefined)).toBe(true);
    expect(outputs('plan').at(-1)).toContain('User has approved your plan.');
    expect(outputs('plan').at(-2)).toBe('Not yet.');
  });
});
