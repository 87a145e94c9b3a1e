import { afterEach, beforeEach, describe, expect } from 'vitest';
import type { Store } from '../../src/ports/store.ts';
import { appends, refusals } from './contract-append.ts';
import { budgetsAndEstimates } from './contract-budgets.ts';
import { lifecycle, purges } from './contract-lifecycle.ts';
import { paths } from './contract-path.ts';
import { reads } from './contract-reads.ts';
import { usageSums } from './contract-usage.ts';
import { hostRows, keptRows, rawRows } from './contract-rows.ts';

export interface Opened {
  store: Store;
  remove(): void;
}

/** What every store must do; an adapter's test gives the way to open an empty one. */
export function storeContract(name: string, open: () => Promise<Opened>): void {
  describe(name, () => {
    let opened: Opened;
    beforeEach(async () => {
      opened = await open();
    });
    afterEach(async () => {
      expect(await opened.store.check()).toEqual([]);
      await opened.store.close();
      opened.remove();
    });
    appends(() => opened.store);
    refusals(() => opened.store);
    hostRows(() => opened.store);
    rawRows(() => opened.store);
    reads(() => opened.store);
    keptRows(() => opened.store);
    lifecycle(() => opened.store);
    purges(() => opened.store);
    paths(() => opened.store);
    usageSums(() => opened.store);
    budgetsAndEstimates(() => opened.store);
  });
}
