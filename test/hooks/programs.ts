import { join } from 'node:path';
import type { Program } from '../../src/hooks/child.ts';

/** A program among the fixtures, with its arguments. */
export function hookProgram(name: string, ...words: string[]): Program {
  return [process.execPath, join(import.meta.dirname, '..', 'fixtures', 'hooks', name), ...words];
}
