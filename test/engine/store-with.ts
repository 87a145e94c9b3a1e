import type { Store } from '../../src/ports/store.ts';

/** The store with some of its members replaced; what replaces them has the real one. */
export function storeWith(store: Store, others: (real: Store) => Partial<Store>): Store {
  const replaced = others(store);
  return new Proxy(store, {
    get: (target, name) => {
      const from = name in replaced ? replaced : target;
      const member: unknown = Reflect.get(from, name, from);
      return typeof member === 'function' ? (member.bind(from) as unknown) : member;
    },
  });
}
