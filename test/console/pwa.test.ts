import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { type OutgoingHttpHeaders, request } from 'node:http';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeClient } from '../../src/client/node/node-client.ts';
import type { Client } from '../../src/client/client.ts';
import { Daemon } from '../scenarios/daemon.ts';
import { openBrowser } from './browser.ts';

let home: string;
let server: Server;
let address: string;
let daemon: Daemon;
let client: Client;
let browser: Browser;

beforeAll(async () => {
  home = realpathSync(mkdtempSync(path.join(tmpdir(), 'turnkeep-app-')));
  server = createServer(certificate(home));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  address = `https://localhost:${(server.address() as AddressInfo).port}`;
  daemon = await Daemon.start(path.join(home, 'state'), ['--public-url', address]);
  forward(server, Number(new URL(daemon.url).port));
  client = await nodeClient({ url: daemon.url, tokenFile: daemon.tokenFile, env: {} });
  browser = await openBrowser(['--ignore-certificate-errors']);
});
afterAll(async () => {
  await browser.close();
  await client.server.shutdown({ mode: 'stop' });
  client.close();
  await daemon.exited();
  server.closeAllConnections();
  server.close();
  rmSync(home, { recursive: true });
});

async function open(at: string): Promise<Page> {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  // What would ask for permission is counted.
  await page.addInitScript(() => {
    const asked = { times: 0 };
    Object.assign(window, { asked });
    Notification.requestPermission = () => {
      asked.times += 1;
      return Promise.resolve('granted');
    };
  });
  const { code } = await client.logins.create();
  await page.goto(`${at}/#code=${code}`);
  await page.getByRole('navigation', { name: 'Console' }).waitFor();
  return page;
}

test('S1 S2: over http on loopback the console is a page: no worker, no manifest', async () => {
  const page = await open(daemon.url);
  await page.goto(`${daemon.url}/settings`);
  await page.getByText('They need https').waitFor();
  const found = await page.evaluate(async () => ({
    secure: isSecureContext,
    workers: (await navigator.serviceWorker.getRegistrations()).length,
    manifest: document.querySelector('link[rel=manifest]'),
  }));
  expect(found).toEqual({ secure: true, workers: 0, manifest: null });
  await page.context().close();
});

test('S1 S2: under https it can be installed: nothing but the anonymous profile stands against it', async () => {
  const page = await open(address);
  const worker = await page.evaluate(async () => {
    const { active, scope } = await navigator.serviceWorker.ready;
    return { script: active?.scriptURL, scope };
  });
  expect(worker).toEqual({ script: `${address}/notify.js`, scope: `${address}/` });
  const tools = await page.context().newCDPSession(page);
  const { errors, data } = await tools.send('Page.getAppManifest');
  expect(errors).toEqual([]);
  const { icons } = JSON.parse(data ?? '') as { icons: { src: string; type: string }[] };
  for (const { src, type } of icons) {
    const answer = await page.request.get(address + src);
    expect([src, answer.status(), answer.headers()['content-type']]).toEqual([src, 200, type]);
  }
  const { installabilityErrors } = await tools.send('Page.getInstallabilityErrors');
  expect(installabilityErrors.map(({ errorId }) => errorId)).toEqual(['in-incognito']);
  await page.context().close();
});

test('A2: a notification calls for a person who looks elsewhere, only after a button was pressed, and goes with the answer', async () => {
  const page = await open(address);
  await page.context().grantPermissions(['notifications'], { origin: address });
  await page.evaluate(() => {
    document.hasFocus = () => false;
  });
  const titles = () =>
    page.evaluate(async () => {
      const { ready } = navigator.serviceWorker;
      return (await (await ready).getNotifications()).map(({ title }) => title);
    });
  const asks = async (title: string) => {
    const { session } = await client.sessions.create({
      agent: 'scripted',
      cwd: home,
      title,
      prompt: '[[ask run echo hello]]',
    });
    await page
      .getByRole('complementary')
      .getByRole('link')
      .filter({ hasText: title })
      .getByRole('img', { name: 'needs you' })
      .waitFor();
    return session.id;
  };
  await asks('Before the button');
  expect(await titles()).toEqual([]);
  expect(
    await page.evaluate(() => (window as unknown as { asked: { times: number } }).asked.times),
  ).toBe(0);
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Tell me when a session needs me' }).click();
  await page.getByRole('button', { name: 'Tell me no more' }).waitFor();
  const session = await asks('After the button');
  await expect.poll(titles, { timeout: 15_000 }).toEqual(['After the button']);
  expect(await page.title()).toMatch(/^\(2\) Settings/);
  const { approvals } = await client.approvals.list({ session });
  await client.approvals.decide({ session, approval: approvals[0]!.entry.id, verdict: 'allow' });
  await expect.poll(titles, { timeout: 15_000 }).toEqual([]);
  await page.context().close();
});

/** A certificate for this run alone. */
function certificate(folder: string): { key: Buffer; cert: Buffer } {
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(folder, name)) as [
    string,
    string,
  ];
  const words = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1'];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const made = spawnSync('openssl', [...words, ...names, '-keyout', key, '-out', cert]);
  if (made.status !== 0) throw new Error(`No certificate: ${String(made.stderr ?? made.error)}`);
  return { key: readFileSync(key), cert: readFileSync(cert) };
}

/** What a proxy with TLS before the daemon does. */
function forward(proxy: Server, port: number): void {
  proxy.on('request', (asked, answer) => {
    const { method, url, headers } = asked;
    const onward = request(
      {
        host: '127.0.0.1',
        port,
        method: method!,
        path: url!,
        headers: headers as OutgoingHttpHeaders,
      },
      (got) => {
        answer.writeHead(got.statusCode!, got.headers);
        got.pipe(answer);
      },
    );
    onward.on('error', () => answer.destroy());
    asked.pipe(onward);
  });
  proxy.on('upgrade', (asked, socket, first) => {
    const onward = connect({ port, host: '127.0.0.1' }, () => {
      const lines = [`${asked.method} ${asked.url} HTTP/1.1`];
      for (let at = 0; at < asked.rawHeaders.length; at += 2) {
        lines.push(`${asked.rawHeaders[at]}: ${asked.rawHeaders[at + 1]}`);
      }
      onward.write(`${lines.join('\r\n')}\r\n\r\n`);
      onward.write(first);
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
  });
}
