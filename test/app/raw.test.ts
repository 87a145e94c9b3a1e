import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, realpath, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import type { Client, OutputOf } from '../../src/client/index.ts';
import { nodeClient } from '../../src/client/node/index.ts';
import { until } from './processes.ts';

type Line = OutputOf<'runs.raw'>['lines'][number];
interface Daemon {
  child: ChildProcess;
  client: Client;
}

/** A daemon in a process of its own, which dies at a step within its state directory, if one is named. */
async function daemon(state: string, step = ''): Promise<Daemon> {
  const script = fileURLToPath(new URL('./raw-daemon.ts', import.meta.url));
  const child = spawn(process.execPath, [script, state, step], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = (await once(createInterface(child.stdout!), 'line')) as [string];
  const { url, tokenFile } = JSON.parse(line) as { url: string; tokenFile: string };
  const client = await nodeClient({ url, tokenFile, env: {} });
  onTestFinished(() => client.close());
  return { child, client };
}

async function stop({ child, client }: Daemon): Promise<void> {
  client.close();
  child.stdin!.write('stop\n');
  await once(child, 'exit');
}

async function root(): Promise<string> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'turnkeep-raw-')));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

interface Talk {
  session: string;
  run: string;
  host: string;
}

/** A run with text, a tool and an approval, to its end. */
async function talk({ client }: Daemon, cwd: string, more = ''): Promise<Talk> {
  const { session } = await client.sessions.create({
    cwd,
    agent: 'scripted',
    prompt: `[[pace 0]] [[think Hm.]] [[say Grüße 👋]] [[run echo out]] [[ask run echo allowed]] ${more}`,
  });
  let host = '';
  for await (const event of client.watch(session.id, { after: 0 })) {
    if (event.type !== 'entry') continue;
    const { entry } = event;
    if (entry.kind === 'host') ({ host } = entry.data);
    if (entry.kind === 'approval') {
      await client.approvals.decide({ session: session.id, approval: entry.id, verdict: 'allow' });
    }
    if (entry.kind === 'run_ended') return { session: session.id, run: entry.runId!, host };
  }
  throw new Error('the feed ended before the run');
}

async function linesOf(
  { client }: Daemon,
  { session, run }: Talk,
  limit = 1000,
): Promise<{ lines: readonly Line[]; source: string }> {
  const lines: Line[] = [];
  for (let cursor: string | undefined; ;) {
    const more = cursor === undefined ? {} : { cursor };
    const page = await client.runs.raw({ session, run, limit, ...more });
    lines.push(...page.lines);
    if (page.next === null) return { lines, source: page.source };
    cursor = page.next;
  }
}

const bytesOf = (lines: readonly Line[], direction: Line['direction']): string =>
  lines
    .filter((line) => line.direction === direction)
    .map(({ text }) => `${text}\n`)
    .join('');

test(
  'L10 R7: the lines of a run are the bytes of its host, before and after its end and a restart',
  { timeout: 60_000 },
  async () => {
    const directory = await root();
    const state = join(directory, 'state');
    let served = await daemon(state);
    const said = await talk(served, directory);
    const live = await linesOf(served, said);
    expect(live.source).toBe('live');
    const place = join(state, 'hosts', said.host);
    expect(bytesOf(live.lines, 'out')).toBe(await readFile(join(place, 'out.ndjson'), 'utf8'));
    expect(bytesOf(live.lines, 'in')).toBe(await readFile(join(place, 'in.ndjson'), 'utf8'));
    const kinds = new Set(live.lines.flatMap(({ entries }) => entries.map(({ kind }) => kind)));
    for (const kind of [
      'prompt',
      'thought',
      'message',
      'tool_call',
      'approval',
      'decision',
    ] as const) {
      expect([...kinds]).toContain(kind);
    }
    const times = live.lines.map(({ at }) => at);
    expect(times.every((at, n) => n === 0 || times[n - 1]! <= at!)).toBe(true);

    await stop(served);
    expect(await readdir(join(state, 'hosts'))).toEqual([]);
    expect(await readdir(join(state, 'archive'))).toEqual([`${said.host}.tkraw`]);
    served = await daemon(state);
    expect(await linesOf(served, said)).toEqual({ ...live, source: 'here' });
    expect((await linesOf(served, said, 2)).lines).toEqual(live.lines);

    const file = join(state, 'archive', `${said.host}.tkraw`);
    const whole = await readFile(file);
    await truncate(file, whole.length - 1);
    expect(await linesOf(served, said)).toEqual({ lines: [], source: 'lost' });
    await writeFile(file, whole);
    expect((await linesOf(served, said)).lines).toEqual(live.lines);
    await rm(file);
    expect(await linesOf(served, said)).toEqual({ lines: [], source: 'lost' });
    await stop(served);
  },
);

test(
  'R7 L10: a daemon that is killed while it archives leaves every line to the next one',
  { timeout: 120_000 },
  async () => {
    const directory = await root();
    let killed = 0;
    for (const step of ['before 1', 'half 2', 'after 3', 'before 5', 'after 6']) {
      const state = join(directory, step.replace(' ', ''));
      const first = await daemon(state, step);
      const said = await talk(first, directory);
      const live = await linesOf(first, said);
      first.client.close();
      first.child.stdin!.write('stop\n');
      const [, signal] = (await once(first.child, 'exit')) as [number | null, string | null];
      if (signal === 'SIGKILL') killed += 1;
      const second = await daemon(state);
      const { lines, source } = await linesOf(second, said);
      expect(lines, step).toEqual(live.lines);
      expect(source).toBe('here');
      await until(`the directory of ${said.host} is removed`, async () => {
        return (await readdir(join(state, 'hosts'))).length === 0;
      });
      expect(await readdir(join(state, 'archive'))).toEqual([`${said.host}.tkraw`]);
      expect((await linesOf(second, said)).lines).toEqual(live.lines);
      await stop(second);
    }
    expect(killed).toBe(5);
  },
);
