import process from 'node:process';

/** Whether tests with real agents are run with every agent; otherwise with Claude Code, Codex and pi. */
export const everyAgent = process.env['ALL_AGENTS'] === '1';
