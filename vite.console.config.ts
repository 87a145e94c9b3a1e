import { globSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';
import { licenses } from './scripts/build/licenses.ts';

/** Beside each text what it is by gzip: the daemon compresses nothing itself. Fonts are compressed as they are. */
function packed(): Plugin {
  return {
    name: 'packed',
    writeBundle({ dir = '' }) {
      for (const file of globSync('**/*.{js,css,html,svg,webmanifest}', { cwd: dir })) {
        const whole = path.join(dir, file);
        writeFileSync(`${whole}.gz`, gzipSync(readFileSync(whole), { level: 9 }));
      }
    },
  };
}

// Also where tests build it: what React adds for development is never served.
process.env['NODE_ENV'] = 'production';

/** The console: `console/`, built into the folder that the daemon serves it from. */
export default defineConfig({
  root: path.join(import.meta.dirname, 'console'),
  base: '/',
  plugins: [packed(), licenses()],
  worker: { plugins: () => [licenses('LICENSES-worker.txt')] },
  oxc: { jsx: { runtime: 'automatic', importSource: 'react' } },
  resolve: {
    alias: {
      'turnkeep/client': path.join(import.meta.dirname, 'src', 'client', 'index.ts'),
    },
  },
  build: {
    target: 'es2023',
    outDir: path.join(import.meta.dirname, 'dist', 'console', 'page'),
    emptyOutDir: true,
    // An inlined file would be a data: address, which the page's own policy forbids for scripts and fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      // Libraries mark what runs on no server; there is no server here.
      checks: { moduleLevelDirective: false },
    },
  },
});
