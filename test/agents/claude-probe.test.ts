import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { claudeAgent } from '../../src/agents/claude/driver.ts';
import { Prober } from '../../src/app/prober.ts';
import type { ProbeReport } from '../../src/ports/probe.ts';
import { processes } from '../app/processes.ts';
import { ModelServer } from '../fixtures/models/model-server.ts';
import { cliEnvironment, cliVersion, installedCli } from './cli.ts';

let home = '';
let program = '';
let model: ModelServer;
beforeAll(async () => {
  program = await installedCli();
  home = await realpath(await mkdtemp(path.join(tmpdir(), 'turnkeep-agents-probe-')));
  model = await ModelServer.start();
}, 120_000);
afterAll(async () => {
  await model.close();
  await rm(home, { recursive: true, force: true });
});

async function probe(more: Record<string, string | undefined>): Promise<ProbeReport> {
  const env = { ...cliEnvironment(home, model.url), ...more };
  const given = Object.entries(env).filter(
    (each): each is [string, string] => each[1] !== undefined,
  );
  const prober = new Prober({ log: () => undefined });
  const driver = claudeAgent({ program, env: Object.fromEntries(given), trusted: [] });
  const report = (await prober.probe(driver))!;
  // Whatever it started had its home.
  for (const { pid } of await processes()) {
    const text = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
    expect(text.split('\0')).not.toContain(`HOME=${home}`);
  }
  return report;
}

test('Claude Code tells its version, models, modes and efforts, and asks no model for it', async () => {
  const report = await probe({});
  expect(report).toMatchObject({
    state: 'ready',
    path: program,
    version: cliVersion,
    problem: null,
  });
  const { models, modes, efforts } = report;
  expect(models?.values.map(({ id }) => id)).toEqual(expect.arrayContaining(['default', 'opus']));
  expect(models?.values.map(({ id }) => id)).toContain(models?.default);
  // The endpoint is another than that of the list.
  expect(models?.complete).toBe(false);
  expect(modes?.default).toBe('manual');
  expect(efforts?.values.map(({ id }) => id)).toContain(efforts?.default);
  expect(model.requests).toEqual([]);
});

test('S4: a probe runs no hook of the user and keeps no session', async () => {
  const touched = path.join(home, 'hook-ran');
  const command = { type: 'command', command: `touch ${touched}` };
  const hooks = { SessionStart: [{ hooks: [command] }], SessionEnd: [{ hooks: [command] }] };
  await mkdir(path.join(home, '.claude'), { recursive: true });
  await writeFile(path.join(home, '.claude/settings.json'), JSON.stringify({ hooks }));
  expect(await probe({})).toMatchObject({ state: 'ready' });
  expect(await readdir(home)).not.toContain('hook-ran');
  const projects = await readdir(path.join(home, '.claude/projects')).catch(() => []);
  expect(projects).toEqual([]);
  expect(await readFile(path.join(home, '.claude.json'), 'utf8')).not.toContain('turnkeep-probe-');
  expect(model.requests).toEqual([]);
});

test('Claude Code without credentials is ready, nobody is logged in, and nobody is connected to', async () => {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const report = await probe({
    ANTHROPIC_API_KEY: undefined,
    ANTHROPIC_BASE_URL: undefined,
    HTTPS_PROXY: proxy,
    HTTP_PROXY: proxy,
  });
  await new Promise((resolve) => server.close(resolve));
  expect(connections).toBe(0);
  expect(report).toMatchObject({
    state: 'ready',
    version: cliVersion,
    models: { complete: true },
    problem: { kind: 'login' },
  });
});
