import { expect, test } from 'vitest';
import type { AgentEvent } from '../../src/domain/agent-event.ts';
import type { ContentBlock } from '../../src/domain/content.ts';
import type { NativeLine } from '../../src/domain/entry.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import type { Shown } from '../../src/domain/native.ts';
import { assemble, noPartials, type AgentInput } from '../../src/domain/partials.ts';
import { driver, eventsOf, opened, specOf, wireOf } from './conversation.ts';

const session = '68de7752-5169-5273-9c89-8b21504fce90';

function nativesOf(events: readonly AgentEvent[]): readonly NativeLine[] {
  return events.flatMap((event) => (event.type === 'native' ? [event.line] : []));
}

function mirror(filePath: string, ...entries: readonly unknown[]): object {
  return { type: 'transcript_mirror', filePath, entries };
}

const file = `/home/somebody/.claude/projects/-project/${session}.jsonl`;

test('it is always asked for what it writes into its own files', () => {
  expect(driver.program(specOf()).args).toContain('--session-mirror');
  expect(driver.program(specOf({ nativeId: session })).args).toContain('--session-mirror');
});

test('L12: every mirrored entry of a recorded conversation is kept as it was written', () => {
  const written = wireOf('mirrored').flatMap(({ text }) => {
    const line = JSON.parse(text) as { type?: string; entries?: readonly object[] };
    return line.type === 'transcript_mirror'
      ? line.entries!.map((each) => JSON.stringify(each))
      : [];
  });
  const kept = nativesOf(eventsOf('mirrored'));
  expect(kept.map(({ line }) => line)).toEqual(written);
  expect(written.length).toBeGreaterThan(100);
});

test('L12: lines of two native sessions and of sub-agents in one log are told apart', () => {
  const kept = nativesOf(eventsOf('mirrored'));
  const openedIds = eventsOf('mirrored').flatMap((event) =>
    event.type === 'opened' ? [event.nativeId] : [],
  );
  expect(new Set(kept.map((line) => line.session))).toEqual(new Set(openedIds));
  expect(new Set(openedIds).size).toBe(2);
  const files = [...new Set(kept.map((line) => line.file))].toSorted();
  expect(files).toEqual(['', expect.stringMatching(/^subagents\/agent-[0-9a-f]+$/)]);
  expect(kept.filter(({ boundary }) => boundary === true)).toHaveLength(1);
});

/** What both sides call the same: texts of prompts and answers, calls with what they came to. */
function toldLive(): unknown {
  let partials = noPartials;
  const inputs: AgentInput[] = [];
  for (const event of eventsOf('mirrored')) {
    const step = assemble(partials, event);
    partials = step.partials;
    inputs.push(...step.inputs);
  }
  return {
    said: inputs.flatMap((input) => {
      return input.type === 'said' ? [`${input.part}: ${textOf(input.content)}`] : [];
    }),
    calls: callsOf(inputs.flatMap((input) => (input.type === 'tool_call' ? [input.toolCall] : []))),
  };
}

interface Called {
  call: string;
  title: string;
  status: string;
  output?: unknown;
  content?: unknown;
}

/** The last state of each call, with the title of the first. */
function callsOf(states: readonly Called[]): unknown {
  const calls = new Map<string, Called>();
  for (const { call, title, status, output, content } of states) {
    const known = calls.get(call);
    const before = { title: known?.title ?? title, content: content ?? known?.content };
    calls.set(call, { call, status, output, ...before });
  }
  return [...calls.values()].toSorted((a, b) => a.call.localeCompare(b.call));
}

function textOf(content: readonly ContentBlock[]): string {
  return content.map((block) => (block.type === 'text' ? block.text : '')).join('');
}

function shownOf(lines: readonly NativeLine[]): readonly Shown[] {
  return lines.flatMap(({ line }) => driver.memory!.read(JSON.parse(line) as JsonObject).shows);
}

test('what the lines of its transcript show is what it told while it worked', () => {
  const shown = shownOf(nativesOf(eventsOf('mirrored')));
  const said = shown.flatMap((each) => {
    // A sub-agent that is waited for tells its calls live, and its words only in its file.
    if ((each.kind !== 'message' && each.kind !== 'thought') || each.parentCall !== undefined) {
      return [];
    }
    return [`${each.kind === 'thought' ? 'thought' : 'text'}: ${textOf(each.content)}`];
  });
  const calls = callsOf(
    shown.flatMap((each) => (each.kind === 'tool_call' ? [each.toolCall] : [])),
  );
  const live = toldLive() as { said: readonly string[]; calls: unknown };
  expect(said).toEqual(live.said);
  expect(calls).toEqual(live.calls);
  const prompts = shown.flatMap((each) => (each.kind === 'delivery' ? [textOf(each.content)] : []));
  expect(prompts.slice(1)).toEqual(['/compact', '!say after it', '/clear', '!say anew']);
  expect(shown.filter(({ kind }) => kind === 'compaction')).toHaveLength(1);
});

test('U1: messages of the main conversation take the same tokens both ways', () => {
  const main = nativesOf(eventsOf('mirrored')).filter((line) => line.file === '');
  const shown = new Map(
    shownOf(main).flatMap((each) => (each.kind === 'usage' ? [[each.key, each.tokens]] : [])),
  );
  const told = eventsOf('mirrored').flatMap((event) =>
    event.type === 'usage' && event.report.key.startsWith('msg_')
      ? [[event.report.key, event.report.tokens] as const]
      : [],
  );
  expect(shown).toEqual(new Map(told));
});

test('R7: lines of one mirror have ids that follow from their place', () => {
  const { say } = opened();
  const once = say(mirror(file, { type: 'user', uuid: 'a' }, { type: 'mode' }));
  const again = say(mirror(file, { type: 'user', uuid: 'a' }, { type: 'mode' }));
  expect(once.events).toEqual(again.events);
  expect(once.events).toMatchObject([
    { type: 'native', line: { session, file: '', line: '{"type":"user","uuid":"a"}' } },
    { type: 'native', line: { session, file: '', line: '{"type":"mode"}' } },
  ]);
  expect(once.state).toEqual(opened().state);
});

test('L8: a mirror that cannot be placed, or is no object, is told as not understood', () => {
  const { say } = opened();
  const strange = [
    mirror('/home/somebody/notes.txt', {}),
    mirror('', {}),
    mirror('/nowhere/agent-1.jsonl', {}),
    { type: 'transcript_mirror', filePath: file },
    mirror(file, 'text'),
  ];
  for (const line of strange) {
    expect(say(line).events).toMatchObject([{ type: 'unrecognized' }]);
  }
  let deep: object = {};
  for (let level = 0; level < 200; level += 1) deep = { deep };
  expect(say(mirror(file, { deep })).events).toMatchObject([{ type: 'native' }]);
  const windows = `C:\\Users\\x\\${session}\\subagents\\agent-1.jsonl`;
  expect(say(mirror(windows, {})).events).toMatchObject([{ line: { file: 'subagents/agent-1' } }]);
});
