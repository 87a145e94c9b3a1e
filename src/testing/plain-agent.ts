import type { AgentCommand } from '../domain/agent-event.ts';
import type { ApprovalOption } from '../domain/content.ts';
import { textOf } from '../domain/content.ts';
import type { Wanted } from '../domain/policy.ts';
import type { FakeAgent, FakeProcess } from './fake-process.ts';

/** One turn of a plain agent: what it was told, and how it answers. */
export interface Turn {
  readonly run: string;
  readonly prompt: string;
  readonly text: string;
  readonly process: FakeProcess;
  /** Resolves when the daemon asks to cancel the turn. */
  readonly cancelled: Promise<void>;
  /** Text of the message named `m`; ended by `end` or the end of the turn. */
  say(delta: string, m?: string): void;
  /** Prints any domain event, without its item. */
  print(event: { type: string; [member: string]: unknown }): void;
  /** Asks for approval; resolves to the option, null for a refusal. `wants` is for the policy. */
  ask(title: string, wants?: Wanted): Promise<string | null>;
  /** Ends the turn, with its prompt as the mark; a turn that returns without it has completed. */
  end(outcome: 'completed' | 'cancelled' | 'failed', more?: object): void;
}

export interface PlainAgentOptions {
  nativeId?: string;
  /** Prints this for an `open` line instead of saying that it is open. */
  onOpen?: (process: FakeProcess, nativeId: string | null) => void;
  /** A prompt that steers a turn; without this the agent does nothing with it. */
  onSteer?: (process: FakeProcess, prompt: string) => void;
}

const options: readonly ApprovalOption[] = [
  { id: 'yes', name: 'Allow', kind: 'allow_once' },
  { id: 'no', name: 'Reject', kind: 'reject_once' },
];

type Command = AgentCommand | { type: 'open'; nativeId: string | null };

/** An agent for `plainDriver` that answers each prompt by `play`. */
export function plainAgent(
  play: (turn: Turn) => Promise<void> | void,
  more: PlainAgentOptions = {},
): FakeAgent {
  return async (process) => {
    const asked = new Map<string, (option: string | null) => void>();
    const cancels = new Map<string, () => void>();
    for (;;) {
      const command = JSON.parse(await process.line()) as Command;
      switch (command.type) {
        case 'open':
          open(process, command.nativeId, more);
          break;
        case 'prompt':
          if (command.steer === true) more.onSteer?.(process, command.prompt);
          else void take(process, command, { asked, cancels, play });
          break;
        case 'cancel':
          cancels.get(command.run)?.();
          break;
        case 'answer_approval':
          asked.get(JSON.stringify(command.request))?.(command.option);
          break;
        case 'answer_question':
        case 'set':
          break;
      }
    }
  };
}

function open(process: FakeProcess, nativeId: string | null, more: PlainAgentOptions): void {
  if (more.onOpen !== undefined) return more.onOpen(process, nativeId);
  const own = more.nativeId ?? 'native-1';
  const resumed = nativeId !== null;
  process.print(JSON.stringify({ type: 'opened', nativeId: nativeId ?? own, resumed }));
}

interface Playing {
  asked: Map<string, (option: string | null) => void>;
  cancels: Map<string, () => void>;
  play: (turn: Turn) => Promise<void> | void;
}

async function take(
  process: FakeProcess,
  command: Extract<AgentCommand, { type: 'prompt' }>,
  { asked, cancels, play }: Playing,
): Promise<void> {
  const { run, prompt, content } = command;
  const cancel = Promise.withResolvers<void>();
  cancels.set(run, cancel.resolve);
  const print = (event: object): void => process.print(JSON.stringify(event));
  let ended = false;
  let questions = 0;
  const turn: Turn = {
    run,
    prompt,
    text: textOf(content),
    process,
    cancelled: cancel.promise,
    say: (delta, m = run) => print({ type: 'text', m, part: 'text', delta }),
    print,
    ask: (title, wants) => {
      const request = `${run}-${(questions += 1)}`;
      const answer = new Promise<string | null>((resolve) =>
        asked.set(JSON.stringify(request), resolve),
      );
      print({
        type: 'approval',
        request,
        title,
        options,
        ...(wants === undefined ? {} : { wants }),
      });
      return answer;
    },
    end: (outcome, data = {}) => {
      if (ended) return;
      ended = true;
      print({ type: 'turn_ended', run, outcome, mark: prompt, ...data });
    },
  };
  await play(turn);
  turn.end('completed');
}
