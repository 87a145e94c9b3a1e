import { operation } from '../operation.ts';
import { sessionsSend } from './sessions-send.ts';

export const sessionsSteer = operation({
  name: 'sessions.steer',
  summary: 'Give a prompt to the run that works; interrupts it where the agent takes none.',
  scope: 'drive',
  shape: 'unary',
  input: sessionsSend.input.omit({ delivery: true, allowInterrupt: true, timeoutMs: true }),
  output: sessionsSend.output,
});
