import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { AgentEvent } from '../../src/domain/agent-event.ts';
import type { Entry } from '../../src/domain/entry.ts';
import type { AgentDriver } from '../../src/ports/agent.ts';
import { conversations, driverOf } from '../agents-acp/conversation.ts';
import { driver as claude, names } from '../agents-claude/conversation.ts';
import { Workbench, words } from './workbench.ts';

interface Recorded {
  name: string;
  folder: string;
  driver: AgentDriver;
}

const recorded: readonly Recorded[] = [
  ...names.map((name) => ({ name, folder: 'claude', driver: claude })),
  ...conversations.map(({ name, quirks }) => ({ name, folder: 'acp', driver: driverOf(quirks) })),
];

const texts = (folder: string, file: string): readonly string[] => {
  const fixture = path.join(import.meta.dirname, '../fixtures/wire', folder, file);
  return readFileSync(fixture, 'utf8').split('\n').slice(0, -1);
};

/** What of an entry must stand in the line that it begins with; the events beside it say where a text begins. */
function beginning(entry: Entry, events: readonly AgentEvent[]): string | null {
  if (entry.kind === 'tool_call' && entry.data.status !== 'cancelled') return entry.data.call;
  if (entry.kind === 'unrecognized') return entry.data.raw.split('\n')[0]!.slice(0, 40);
  if (entry.kind !== 'message' && entry.kind !== 'thought') return null;
  const [first] = events.filter((event) => 'item' in event && event.item === entry.id);
  const [block] = entry.data.content;
  if (first?.type !== 'text' || block?.type !== 'text') return null;
  expect(block.text.startsWith(first.delta)).toBe(true);
  return first.delta;
}

let checked = 0;
afterAll(() => expect(checked).toBeGreaterThan(100));

test.each(recorded)(
  'L10: every entry of the $folder fixture $name is told with its line, and stands in it',
  async ({ name, folder, driver }) => {
    const wire = texts(folder, `${name}.jsonl`);
    const byOffset = new Map<number, string>();
    let size = 0;
    for (const text of wire) {
      byOffset.set(size, text);
      size += Buffer.byteLength(text) + 1;
    }
    const bench = await Workbench.open({
      driver,
      agent: () => async (process) => {
        await process.line();
        for (const line of wire) process.print(line);
      },
    });
    const agent = driver.profile.name;
    const prompt = { content: words('go') };
    const { row } = await bench.engine.create({ changes: { agent }, prompt }, { type: 'server' });
    const watch = await bench.watch(row.id);
    await watch.entry('host', ({ data }) => data.state === 'ended');
    await bench.engine.archived();
    const [host = ''] = bench.hosts.launched;
    const log = await bench.log(row.id);
    const seen = new Map<string, string>();
    for (const run of new Set(log.flatMap(({ runId }) => runId ?? []))) {
      const page = await bench.engine.raw(row.id, { run, limit: 1000, maxBytes: 1e6 });
      for (const line of page.lines) {
        if (line.direction === 'in') continue;
        expect(line.text).toBe(byOffset.get(line.from));
        for (const { id } of line.entries) seen.set(id, line.text);
      }
    }
    const told = log.filter(({ id, by }) => id.startsWith(`${host}-`) && by.type === 'agent');
    const events = eventsByHost(folder, name, host);
    for (const entry of told) {
      const text = seen.get(entry.id);
      // What follows from the end of the host follows from no line.
      if (text === undefined && entry.runId === undefined) continue;
      expect(text, `${entry.kind} ${entry.id}`).toBeDefined();
      const piece = beginning(entry, events);
      if (piece === null) continue;
      checked += 1;
      expect(text).toContain(
        entry.kind === 'unrecognized' ? piece : JSON.stringify(piece).slice(1, -1),
      );
    }
    await bench.engine.shutdown('stop');
  },
);

/** The events that stand beside a fixture, with the ids that this host gives them. */
function eventsByHost(folder: string, name: string, host: string): readonly AgentEvent[] {
  const lines = texts(folder, `${name}.events.jsonl`);
  return lines.flatMap(
    (line) => JSON.parse(line.replaceAll('"host-', `"${host}-`)) as AgentEvent[],
  );
}
