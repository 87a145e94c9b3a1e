import type { Space } from '../ports/space.ts';

/** Space that a test gives and takes. */
export interface TestSpace extends Space {
  bytes: number;
  /** Bytes of the reserve, null without one. */
  reserved: number | null;
}

/** Plenty of space, until the test says otherwise. */
export function testSpace(bytes = 1024 ** 4): TestSpace {
  const space: TestSpace = {
    bytes,
    reserved: null,
    free: async () => space.bytes,
    async reserve(wanted) {
      space.reserved = wanted;
    },
    async release() {
      space.reserved = null;
    },
  };
  return space;
}
