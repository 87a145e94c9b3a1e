// Writes the tables of agents in docs/agents.md, from what their profiles and their contract say.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { withTables } from './docs/agents-table.ts';

const guide = path.join(import.meta.dirname, '../docs/agents.md');
writeFileSync(guide, withTables(readFileSync(guide, 'utf8')));
