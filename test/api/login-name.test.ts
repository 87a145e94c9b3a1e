import { expect, test } from 'vitest';
import { loginName } from '../../src/console/login-name.ts';

const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko)';
const names: readonly (readonly [string, string])[] = [
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox on Linux'],
  [
    `Mozilla/5.0 (X11; Linux x86_64) ${webkit} HeadlessChrome/140.0.0.0 Safari/537.36`,
    'Chrome on Linux',
  ],
  [
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${webkit} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0`,
    'Edge on Windows',
  ],
  [
    `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${webkit} Version/18.5 Safari/605.1.15`,
    'Safari on macOS',
  ],
  [
    `Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) ${webkit} CriOS/140.0 Mobile/15E148 Safari/604.1`,
    'Chrome on iPhone',
  ],
  [
    `Mozilla/5.0 (Linux; Android 15; Pixel 9) ${webkit} SamsungBrowser/28.0 Chrome/140.0 Mobile Safari/537.36`,
    'Samsung Internet on Android',
  ],
  ['Mozilla/5.0 (X11; Linux x86_64)', 'A browser on Linux'],
  ['curl/8.0', 'A browser'],
  ['', 'A browser'],
];

test.each(names)('%s is called %s', (userAgent, name) => expect(loginName(userAgent)).toBe(name));

test('S1 S6: whatever a program says of itself, its login has one of a few plain names', () => {
  const hostile = [
    '\u001B[31mFirefox/1 \u202EWindows\u0000<script>',
    `own ${'Firefox/'.repeat(50_000)}`,
    `${' '.repeat(2000)}Firefox/1 (Linux)`,
    '__proto__ constructor',
    `Version/${'1'.repeat(500)} Safari/${'('.repeat(500)}`,
  ];
  for (const userAgent of hostile) expect(loginName(userAgent)).toMatch(/^[A-Za-z ]{1,40}$/);
  expect(loginName(undefined)).toBe('A browser');
});
