import { acpWire } from './acp.ts';
import { claudeWire } from './claude.ts';
import { codexWire } from './codex.ts';
import type { WireDriver } from './wire-driver.ts';

/** The drivers of all agents, each with what is recorded of it. */
export const wireDrivers: readonly WireDriver[] = [acpWire, claudeWire, codexWire];
