import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** It asks nobody for anything, and keeps nothing. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The Chromium of this machine, with a profile of its own that ends with it. */
export function openBrowser(more: readonly string[] = []): Promise<Browser> {
  const executablePath = process.env['CHROMIUM'] ?? places.find((place) => existsSync(place));
  if (executablePath === undefined) {
    throw new Error(
      'There is no Chromium here: install the package chromium, or name one in CHROMIUM.',
    );
  }
  return chromium.launch({ executablePath, headless: true, args: [...flags, ...more] });
}
