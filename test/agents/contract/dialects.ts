import type { RealAgent } from '../real-agents.ts';
import { claude } from './claude.ts';
import { codex } from './codex.ts';
import type { Dialect } from './dialect.ts';
import { gemini } from './gemini.ts';
import { opencode } from './opencode.ts';
import { pi } from './pi.ts';

/** All agents that the contract is held against with their real programs. */
export const dialects: { readonly [Agent in RealAgent]: Dialect } = {
  claude,
  codex,
  gemini,
  opencode,
  pi,
};
