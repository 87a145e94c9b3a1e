// Follows a script, one step after the other.
import process from 'node:process';
import { RpcError } from './connection.ts';
import type { RunningCommands } from './command.ts';
import { flood, spawnDaemon, writeHugeLine } from './misconduct.ts';
import type { Misconduct } from './misconduct.ts';
import { prose } from './prose.ts';
import { askQuestion, askTogether, fillForm, showPage } from './question.ts';
import type { Shows } from './question.ts';
import { directiveNames } from './script.ts';
import type { Step, Tool } from './script.ts';
import { useTool } from './tools.ts';
import type { Turn } from './turn.ts';

/** A PNG of one pixel. */
const picture =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

export type StopReason = 'end_turn' | 'refusal' | 'max_tokens' | 'cancelled';

export interface Stage {
  readonly turn: Turn;
  readonly commands: RunningCommands;
  readonly misconduct: Misconduct;
  readonly shows: Shows;
  readonly exit: (code: number) => Promise<never>;
}

/** Plays the steps. A stop reason ends the turn; nothing means that the script went through. */
export async function play(steps: readonly Step[], stage: Stage): Promise<StopReason | undefined> {
  for (const step of steps) {
    stage.turn.signal.throwIfAborted();
    const ending = await playStep(step, stage);
    if (ending !== undefined) return ending;
  }
  return undefined;
}

/** Long, because it is the list of all steps: each is a line or two. */
async function playStep(step: Step, stage: Stage): Promise<StopReason | undefined> {
  const { turn, commands, misconduct, shows } = stage;
  switch (step.do) {
    case 'say':
      await turn.say(step.text);
      return undefined;
    case 'think':
      await turn.speak('agent_thought_chunk', [step.text]);
      return undefined;
    case 'long':
      await turn.speak('agent_message_chunk', prose(step.length, step.seed));
      return undefined;
    case 'pace':
      turn.paceMs = step.ms;
      return undefined;
    case 'chunk':
      turn.chunkLength = step.length;
      return undefined;
    case 'sleep':
      await turn.rest(step.ms);
      return undefined;
    case 'hang':
      for (;;) await turn.rest(60_000);
    case 'write':
    case 'edit':
    case 'read':
    case 'run':
      await useTool(step, { turn, commands, ask: false });
      return undefined;
    case 'ask':
      await askTools(step.tools, stage);
      return undefined;
    case 'question': {
      const { questions, together } = step;
      const [only] = questions;
      const asked = together || only === undefined;
      await turn.say(
        await (asked ? askTogether(questions, turn, shows) : askQuestion(only, turn, shows)),
      );
      return undefined;
    }
    case 'form':
      await turn.say(await fillForm(step, turn, shows));
      return undefined;
    case 'page':
      await turn.say(await showPage(step, turn, shows));
      return undefined;
    case 'withdraw':
      turn.withdraw(step.nth, step.ms);
      return undefined;
    case 'plan':
      await showPlan(step.entries, turn);
      return undefined;
    case 'usage':
      turn.usage = { input: step.input, output: step.output };
      return undefined;
    case 'cost':
      turn.cost = step.amount;
      return undefined;
    case 'image':
      await turn.record({
        sessionUpdate: 'agent_message_chunk',
        content: { type: 'image', mimeType: 'image/png', data: picture },
        messageId: turn.nextId('msg'),
      });
      return undefined;
    case 'settings':
      await turn.say(JSON.stringify(turn.session.settings()));
      return undefined;
    case 'title':
      await turn.record({ sessionUpdate: 'session_info_update', title: step.text });
      return undefined;
    case 'fail': {
      const data = step.kind === undefined ? undefined : { errorKind: step.kind };
      throw new RpcError(step.code, step.message, data);
    }
    case 'disguise':
      await turn.say(step.text);
      return 'end_turn';
    case 'refuse':
      return 'refusal';
    case 'max_tokens':
      return 'max_tokens';
    case 'repeat':
      for (let i = 0; i < step.times; i++) {
        const ending = await play(step.body, stage);
        if (ending !== undefined) return ending;
      }
      return undefined;
    case 'exit':
      return stage.exit(step.code);
    case 'crash':
      await turn.output.drained();
      process.kill(process.pid, 'SIGKILL');
      return undefined;
    case 'agentturn':
      turn.later.push(step);
      return undefined;
    case 'misbehave':
      await misconduct.misbehave(step.name, turn);
      return undefined;
    case 'hugeline':
      await writeHugeLine(step.mebibytes, turn);
      return undefined;
    case 'flood':
      await flood(step.mebibytes, step.newlines, turn);
      return undefined;
    case 'daemon':
      await turn.say(`Started daemon ${await spawnDaemon(step.seconds, step.traits)}`);
      return undefined;
    case 'invalid':
      await turn.say(`I cannot follow ${step.source}: ${step.reason}.`);
      return undefined;
  }
}

/** What the user said with a denial is said again, so that whoever reads sees that it was heard. */
async function askTools(tools: readonly Tool[], { turn, commands }: Stage): Promise<void> {
  const uses = tools.map((tool) => useTool(tool, { turn, commands, ask: true }));
  const heard = await Promise.all(uses);
  const said = heard.filter((message) => message !== undefined);
  if (said.length > 0) await turn.say(said.map((message) => `You said: ${message}`).join('\n'));
}

async function showPlan(entries: readonly string[], turn: Turn): Promise<void> {
  for (let done = 0; done <= entries.length; done++) {
    if (done > 0) await turn.rest(turn.paceMs);
    const update = {
      sessionUpdate: 'plan',
      entries: entries.map((content, i) => ({
        content,
        priority: 'medium',
        status: i < done ? 'completed' : i === done ? 'in_progress' : 'pending',
      })),
    };
    // The last state is the one to remember.
    if (done === entries.length) await turn.record(update);
    else await turn.update(update);
  }
}

/** For a prompt that is no script. */
export function friendlyAnswer(prompt: string, otherBlocks: number): string {
  const line = prompt.trim().replaceAll(/\s+/g, ' ');
  const start = Array.from(line).slice(0, 80).join('');
  const asked = start === line ? line : `${start}…`;
  const more = otherBlocks === 0 ? '' : ` (and ${otherBlocks} more content blocks)`;
  return (
    `You wrote: “${asked}”${more}. I am scripted, an agent without a model: I need no key, and the ` +
    'same prompt always gets the same answer. Tell me what to do with directives in double square ' +
    'brackets, for example `[[say Hello]] [[ask write hello.txt|Hello]] [[run cat hello.txt]]`. ' +
    `I know these: ${directiveNames.map((name) => `\`${name}\``).join(', ')}.`
  );
}
