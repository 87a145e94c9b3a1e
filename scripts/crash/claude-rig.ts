import { mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { cliEnvironment, installedCli } from '../../test/agents/cli.ts';
import { ModelServer } from '../../test/fixtures/models/model-server.ts';
import type { ModelRequest } from '../../test/fixtures/models/script.ts';
import { makeClaudePrompt, partsOf } from './claude-prompts.ts';
import { promptMark } from './prompts.ts';
import type { AgentFacts, AskedFacts } from './facts.ts';
import type { Rig } from './rig.ts';

type Prompts = ReadonlyMap<string, string>;

/** The real Claude Code with a home of its own, and a scripted model on loopback that outlives the daemons. */
export async function claudeRig(directory: string): Promise<Rig> {
  const program = await installedCli();
  const model = await ModelServer.start();
  const home = path.join(directory, 'home');
  await mkdir(home);
  const prompts = new Map<string, string>();
  const remember = (id: string, text: string): string => {
    prompts.set(id, text);
    return text;
  };
  return {
    daemonArgs: [JSON.stringify({ program, env: cliEnvironment(home, model.url) })],
    daemonEnv: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: home },
    pace: {
      acts: { send: 84, interrupt: 0, steer: 0, abort: 4, repeat: 12 },
      restMs: [50, 900],
      // Every turn ends by itself; one that is aborted for its length would hide a loss.
      longestRunMs: 120_000,
      lifeMs: [50, 1800],
      leftAlone: 0,
    },
    prompt: (dice, id, work) => remember(id, makeClaudePrompt(dice, id, work)),
    filler: (id) => remember(id, `${promptMark(id)}\n!say Go on.`),
    record: async () => ({
      turns: await turnsOf(path.join(home, '.claude/projects'), prompts),
      model: askedOf(model.requests, prompts),
    }),
    close: () => model.close(),
  };
}

/** How often each part of each prompt's answer was asked for. */
function askedOf(requests: readonly ModelRequest[], prompts: Prompts): AskedFacts[] {
  const counts = new Map<string, number[]>();
  for (const [id, text] of prompts)
    counts.set(
      id,
      partsOf(text).map(() => 0),
    );
  for (const request of requests) {
    const place = placeOf(request);
    const asked = place === null ? undefined : counts.get(place.prompt);
    if (asked === undefined || place === null) {
      throw new Error(
        `The model was asked about no prompt: ${JSON.stringify(request).slice(-400)}`,
      );
    }
    asked[place.part] = (asked[place.part] ?? 0) + 1;
  }
  return [...counts].map(([prompt, asked]) => ({ prompt, asked }));
}

interface Line {
  type: string;
  message?: { content: string | readonly { text?: string }[] };
}

/** The prompts that Claude Code has in its own conversations, with what the model was to say to them. */
async function turnsOf(directory: string, prompts: Prompts): Promise<AgentFacts['turns']> {
  const names = await readdir(directory, { recursive: true });
  const turns: { prompt: string; said: string[] }[] = [];
  for (const name of names.filter((each) => each.endsWith('.jsonl'))) {
    const lines = (await readFile(path.join(directory, name), 'utf8')).split('\n');
    for (const line of lines.filter((each) => each !== '')) {
      const { type, message } = JSON.parse(line) as Line;
      const prompt = type === 'user' ? markOf(message?.content ?? '') : undefined;
      const text = prompt === undefined ? undefined : prompts.get(prompt);
      if (prompt !== undefined && text !== undefined) {
        turns.push({ prompt, said: partsOf(text).flat() });
      }
    }
  }
  return turns;
}

function markOf(content: string | readonly { text?: string }[]): string | undefined {
  const texts = typeof content === 'string' ? [content] : content.map(({ text = '' }) => text);
  return [...texts.join('\n').matchAll(/#(p_[\w-]+)#/g)].at(-1)?.[1];
}

/** Which part of which prompt's answer a request is for: the last mark, and the results that follow it. */
function placeOf({ messages = [] }: ModelRequest): { prompt: string; part: number } | null {
  const marks = messages.map(({ role, content }) =>
    role === 'user' ? markOf(content) : undefined,
  );
  const at = marks.findLastIndex((mark) => mark !== undefined);
  if (at < 0) return null;
  const part = messages.slice(at + 1).filter(({ content }) => {
    return typeof content !== 'string' && content.some(({ type }) => type === 'tool_result');
  }).length;
  return { prompt: marks[at]!, part };
}
