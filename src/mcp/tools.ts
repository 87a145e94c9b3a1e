import { approveTool } from './approve.ts';
import { askTool } from './ask.ts';
import type { Inside } from './inside.ts';
import type { Tool } from './server.ts';

/** What a session's agent may use: both ask the person of the session. */
export function insideTools(inside: Inside): Tool[] {
  return [approveTool(inside), askTool(inside)];
}
