import path from 'node:path';
import { defineConfig } from 'vite';

/** The console: `console/`, built into the folder that the daemon serves it from. */
export default defineConfig({
  root: path.join(import.meta.dirname, 'console'),
  base: '/',
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
