import { expect, test } from 'vitest';
import type { RefusalError } from '../../src/domain/refusal.ts';
import type { Store } from '../../src/ports/store.ts';
import { by, memoryStore, Workbench } from '../engine/workbench.ts';

/** A store whose commits wait while the gate is shut. */
function gated(store: Store): { store: Store; shut: () => void; open: () => void } {
  let gate = Promise.withResolvers<void>();
  gate.resolve();
  const held = new Proxy(store, {
    get(target, name: keyof Store) {
      if (name !== 'append') {
        const value: unknown = target[name];
        return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
      }
      return async (batches: Parameters<Store['append']>[0]) => {
        await gate.promise;
        return target.append(batches);
      };
    },
  });
  return {
    store: held,
    shut: () => (gate = Promise.withResolvers<void>()),
    open: () => gate.resolve(),
  };
}

test('L1 A1: a second decider learns of the first decision only when it is stored', async () => {
  const real = await memoryStore();
  const { store, shut, open } = gated(real);
  const bench = await Workbench.open({
    store,
    play: async (turn) => {
      await turn.ask('May I?');
      turn.end('completed');
    },
  });
  const session = await bench.session('Ask me.');
  const watch = await bench.watch(session);
  const approval = await watch.entry('approval');
  shut();
  const decide = (verdict: 'allow' | 'deny') =>
    bench.engine.approvals.decide(session, { approval: approval.id, choice: { verdict } }, by);
  let told = false;
  const first = decide('allow');
  const second = decide('deny').catch((error: unknown) => {
    told = true;
    return error;
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(told).toBe(false);
  open();
  const { decision } = await first;
  const refused = (await second) as RefusalError;
  expect(refused.refusal).toMatchObject({
    code: 'already_decided',
    data: { decision: decision.id },
  });
  await watch.entry('run_ended');
  await real.close();
});
