// Writes the table of agents in docs/agents.md, from what their profiles say.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { withTable } from './docs/agents-table.ts';

const guide = path.join(import.meta.dirname, '../docs/agents.md');
writeFileSync(guide, withTable(readFileSync(guide, 'utf8')));
