import { expect, test } from 'vitest';
import { consoleLink, renderLink } from '../../src/cli/console-link.ts';

const login = { code: 'abcdef.secret', expiresAt: '2026-01-01T00:00:00.000Z', origin: null };

test('S1: the code of a link stands behind #, where no browser sends it to a server', () => {
  expect(consoleLink('http://127.0.0.1:4545', login)).toEqual({
    link: 'http://127.0.0.1:4545/#code=abcdef.secret',
    publicLink: null,
    expiresAt: login.expiresAt,
  });
  expect(consoleLink('http://0.0.0.0:4545', login).link).toMatch(/^http:\/\/127\.0\.0\.1:4545\/#/);
});

test('a public address is shown with a code to scan', () => {
  const made = consoleLink('http://127.0.0.1:4545', { ...login, origin: 'https://box.example' });
  expect(made.publicLink).toBe('https://box.example/#code=abcdef.secret');
  const lines = renderLink(made).trimEnd().split('\n');
  const picture = lines.slice(3);
  expect(picture.length).toBeGreaterThan(12);
  expect(new Set(picture.map(({ length }) => length)).size).toBe(1);
  expect(picture.join('')).toMatch(/^[ █▀▄]+$/);
  expect(renderLink(consoleLink('http://127.0.0.1:4545', login)).split('\n')).toHaveLength(2);
});
