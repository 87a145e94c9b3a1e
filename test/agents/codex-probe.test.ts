import { mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codexAgent } from '../../src/agents/codex/driver.ts';
import { Prober } from '../../src/app/prober.ts';
import type { ProbeReport } from '../../src/ports/probe.ts';
import { processes } from '../app/processes.ts';
import { ModelServer } from '../fixtures/models/model-server.ts';
import { codexEnvironment, codexVersion, installedCodex } from './codex-cli.ts';

let home = '';
let program = '';
let model: ModelServer;
let env: { [name: string]: string };
beforeAll(async () => {
  program = await installedCodex();
  home = await realpath(await mkdtemp(path.join(tmpdir(), 'turnkeep-agents-probe-')));
  model = await ModelServer.start();
  env = await codexEnvironment(home, model.url);
}, 120_000);
afterAll(async () => {
  await model.close();
  await rm(home, { recursive: true, force: true });
});

async function probe(more: { [name: string]: string } = {}): Promise<ProbeReport> {
  const prober = new Prober({ log: () => undefined });
  const driver = codexAgent({ program, env: { ...env, ...more }, trusted: [] });
  const report = (await prober.probe(driver))!;
  // Whatever it started had its home.
  for (const { pid } of await processes()) {
    const text = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
    expect(text.split('\0')).not.toContain(`HOME=${home}`);
  }
  return report;
}

const configFile = (): string => path.join(home, '.codex/config.toml');

test('Codex tells its version, models, modes and efforts, asks no model, and keeps nothing of it', async () => {
  const mark = path.join(home, 'server-ran');
  const config = await readFile(configFile(), 'utf8');
  const server = `[mcp_servers.mine]\ncommand = "sh"\nargs = ["-c", "touch ${mark}"]\n`;
  await writeFile(configFile(), `${config}${server}`);
  const report = await probe();
  expect(report).toMatchObject({
    state: 'ready',
    path: program,
    version: codexVersion,
    problem: null,
  });
  const { models, modes, efforts } = report;
  expect(models?.default).toBe('gpt-5.5');
  expect(models?.values.map(({ id }) => id)).toContain('gpt-5.5');
  expect(models?.complete).toBe(false);
  expect(modes).toMatchObject({ default: 'untrusted', complete: true });
  expect(efforts?.values.map(({ id }) => id)).toContain(efforts?.default);
  expect(model.requests).toEqual([]);
  expect(await readdir(home)).not.toContain('server-ran');
  const kept = await readdir(path.join(home, '.codex/sessions')).catch(() => []);
  expect(kept).toEqual([]);
  expect(await readFile(configFile(), 'utf8')).toBe(`${config}${server}`);
});

test('Codex without a login is ready, nobody is logged in, and nobody is connected to', async () => {
  await writeFile(configFile(), '');
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const report = await probe({ HTTPS_PROXY: proxy, HTTP_PROXY: proxy, ALL_PROXY: proxy });
  await new Promise((resolve) => server.close(resolve));
  expect(report).toMatchObject({
    state: 'ready',
    version: codexVersion,
    problem: { kind: 'login' },
  });
  expect(connections).toBe(0);
});
