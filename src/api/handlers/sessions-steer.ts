import type { Handler } from '../handler.ts';
import { sessionsSend } from './sessions-send.ts';

export const sessionsSteer: Handler<'sessions.steer'> = (input, context) =>
  sessionsSend({ ...input, delivery: 'steer', allowInterrupt: true }, context);
