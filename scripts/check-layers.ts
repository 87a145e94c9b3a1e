// Holds src/ to the table of layers.
import path from 'node:path';
import { findBreaches, findBrowserBreaches } from './layers.ts';

const source = path.join(import.meta.dirname, '..', 'src');
const breaches = [...findBreaches(source), ...findBrowserBreaches(source)];
for (const { file, problem } of breaches) console.error(`src/${file} ${problem}`);
process.exitCode = breaches.length > 0 ? 1 : 0;
