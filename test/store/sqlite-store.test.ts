import { openStore } from '../../src/store/open.ts';
import { storeContract } from './contract.ts';
import { tempDir } from './sample.ts';

const onFatal = (error: Error): void => {
  throw error;
};

storeContract('SQLite in a file', async () => {
  const { dir, remove } = tempDir();
  return { store: await openStore({ dir, onFatal }), remove };
});

storeContract('SQLite in memory', async () => ({
  store: await openStore({ dir: ':memory:', onFatal }),
  remove: () => undefined,
}));
