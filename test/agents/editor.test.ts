import { everyAgent } from '../../scripts/ci/every-agent.ts';
import { drives } from './editor-cells.ts';
import { claude, codex, gemini, opencode, pi } from './editor-dialects.ts';

for (const dialect of [claude, codex, pi]) drives(dialect);
if (everyAgent) for (const dialect of [gemini, opencode]) drives(dialect);
