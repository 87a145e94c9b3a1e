import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { cliEnvironment, installedCli } from '../../test/agents/cli.ts';
import { ModelServer } from '../../test/fixtures/models/model-server.ts';
import type { ModelRequest } from '../../test/fixtures/models/script.ts';
import { makeClaudePrompt, partsOf } from './claude-prompts.ts';
import { promptMark } from './prompts.ts';
import type { AgentRecord, Rig } from './rig.ts';

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
    record: () => Promise.resolve(recordOf(model.requests, prompts)),
    close: () => model.close(),
  };
}

/** Turns and parts of answers, as the model was asked for them. */
function recordOf(
  requests: readonly ModelRequest[],
  prompts: ReadonlyMap<string, string>,
): AgentRecord {
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
  const model = [...counts].map(([prompt, asked]) => ({ prompt, asked }));
  const turns = model.flatMap(({ prompt, asked }) => {
    const said = partsOf(prompts.get(prompt)!).flat();
    return Array.from({ length: asked[0] ?? 0 }, () => ({ prompt, said }));
  });
  return { turns, model };
}

/** Which part of which prompt's answer a request is for: the last mark, and the results that follow it. */
function placeOf({ messages = [] }: ModelRequest): { prompt: string; part: number } | null {
  const marks = messages.map(({ role, content }) => {
    if (role !== 'user') return undefined;
    const texts = typeof content === 'string' ? [content] : content.map(({ text = '' }) => text);
    return [...texts.join('\n').matchAll(/#(p_[\w-]+)#/g)].at(-1)?.[1];
  });
  const at = marks.findLastIndex((mark) => mark !== undefined);
  if (at < 0) return null;
  const part = messages.slice(at + 1).filter(({ content }) => {
    return typeof content !== 'string' && content.some(({ type }) => type === 'tool_result');
  }).length;
  return { prompt: marks[at]!, part };
}
