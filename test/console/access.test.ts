import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConsolePlace } from './place.ts';

let place: ConsolePlace;
let session: string;

beforeAll(async () => {
  place = await ConsolePlace.open();
  session = await place.session(
    '[[think Hm.]] [[say # A title\\n\\nSome `code` and [a link](https://example.org).]] [[plan a;b]] [[write a.txt|one]] [[ask run ls]]',
  );
  await place.session('[[fail -32000|overloaded]]');
});
afterAll(() => place.close());

interface Fault {
  id: string;
  impact: string;
  nodes: { html: string; failureSummary: string }[];
}

/** Faults of the page that keep people out, as axe sees them. */
async function faultsOf(page: Page): Promise<string[]> {
  // Not as a script element, which the page's own policy forbids.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<{ violations: Fault[] }>('axe.run()');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
    );
}

test.each(['light', 'dark'] as const)(
  'no view keeps people out, in %s colours',
  async (colorScheme) => {
    const page = await place.page('/', { colorScheme });
    const views = ['/', `/s/${session}`, '/inbox', '/usage', '/settings', '/new'];
    for (const view of views) {
      await page.goto(place.daemon.url + view);
      await page.getByRole('complementary').getByRole('link').first().waitFor();
      if (view.startsWith('/s/')) await page.getByRole('button', { name: 'Allow once' }).waitFor();
      expect([view, await faultsOf(page)]).toEqual([view, []]);
    }
    await page.context().close();
  },
);
