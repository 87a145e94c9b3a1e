import { get as request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConsolePlace } from './place.ts';

let place: ConsolePlace;

beforeAll(async () => {
  place = await ConsolePlace.open();
});
afterAll(() => place.close());

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(place.daemon.url + path, { headers });

/** The addresses that the page loads before anything is asked for. */
async function firstLoad(): Promise<string[]> {
  const page = await (await get('/')).text();
  const named = [...page.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path!);
  const sheets = named.filter((path) => path.endsWith('.css'));
  const fonts = await Promise.all(
    sheets.map(async (sheet) => {
      const text = await (await get(sheet)).text();
      return [...text.matchAll(/url\((\/assets\/[^)]+)\)/g)].map(([, path]) => path!);
    }),
  );
  return ['/', ...named, ...fonts.flat()];
}

test('S6 S2: the page may run and ask for nothing but its own files, and stands in no frame', async () => {
  for (const path of ['/', '/inbox', '/s/some-session', '/s/some-session/e/12']) {
    const answer = await get(path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    const policy = answer.headers.get('content-security-policy') ?? '';
    const rules = policy.split('; ');
    expect(rules).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
      ]),
    );
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
  }
});

test('S1 S3: files of the console need no token, all else does; no path leads out of them', async () => {
  const [, asset = ''] = (await firstLoad()).filter((path) => path !== '/icon.svg');
  const served = await get(asset);
  expect(served.status).toBe(200);
  expect(served.headers.get('cache-control')).toContain('immutable');
  for (const path of [
    '/assets/',
    '/assets/none.js',
    '/index.html.gz',
    '/assets/..%2f..%2flogins.js',
    '/%2e%2e/logins.js',
    '/logins.js',
    '/v1/sessions.list',
    '/s',
  ]) {
    const answer = await get(path);
    expect([path, answer.status]).toEqual([path, answer.status === 405 ? 405 : 401]);
  }
  const posted = await fetch(`${place.daemon.url}/`, { method: 'POST' });
  expect(posted.status).toBe(401);
  const host = await get('/', { origin: 'https://evil.example' });
  expect(host.status).toBe(403);
});

/** Bytes of an answer as they are sent. */
const sentBytes = (path: string) =>
  new Promise<number>((resolve, reject) => {
    const headers = { 'accept-encoding': 'gzip' };
    request(place.daemon.url + path, { headers }, (answer) => {
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => (bytes += chunk.byteLength));
      answer.on('end', () => resolve(answer.statusCode === 200 ? bytes : Number.NaN));
    }).on('error', reject);
  });

test('the first load is under 350 KB, compressed as it is sent', async () => {
  const sizes = await Promise.all((await firstLoad()).map(sentBytes));
  const sum = sizes.reduce((all, size) => all + size, 0);
  expect(sum).toBeGreaterThan(50_000);
  expect(sum).toBeLessThan(350 * 1024);
});

test('what the page is made of may be given on, and says whose it is', async () => {
  const named = /^(\S+) \d+\.\d+\.\S*: (.+)$/gm;
  const texts = await Promise.all(
    ['/LICENSES.txt', '/LICENSES-worker.txt'].map(async (path) => (await get(path)).text()),
  );
  const found = [...texts.join('\n').matchAll(named)].map(([, name, license]) => ({
    name,
    license,
  }));
  const names = found.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['react', 'virtua', 'highlight.js']));
  expect(names).toContain('@fontsource-variable/jetbrains-mono');
  const allowed = ['MIT', 'ISC', '0BSD', 'BSD-3-Clause', 'Apache-2.0', 'OFL-1.1'];
  expect(found.filter(({ license }) => !allowed.includes(license!))).toEqual([]);
});
