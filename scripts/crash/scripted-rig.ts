import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import type { AgentFacts } from './facts.ts';
import { makeScript, promptMark } from './prompts.ts';
import type { Rig } from './rig.ts';

/** The scripted agent: fast, rude where the script says so, and with a memory that can be read. */
export function scriptedRig(): Rig {
  return {
    daemonArgs: [],
    daemonEnv: process.env,
    pace: {
      acts: { send: 70, interrupt: 8, steer: 5, abort: 9, repeat: 8 },
      restMs: [5, 350],
      longestRunMs: 4000,
      lifeMs: [20, 450],
      leftAlone: 0.1,
    },
    prompt: (dice, id) => makeScript(dice, id).text,
    filler: (id) => `[[say Go on.]] ${promptMark(id)}`,
    record: async (state) => {
      const turns = await agentTurns(path.join(state, 'agents', 'scripted'));
      return { turns, model: null };
    },
    close: () => Promise.resolve(),
  };
}

interface Remembered {
  type: string;
  update?: { sessionUpdate: string; content?: { type: string; text?: string } };
}

/** The turns that agents remember, with the prompt of each. */
async function agentTurns(directory: string): Promise<AgentFacts['turns'][number][]> {
  const turns: { prompt: string; said: string[] }[] = [];
  for (const name of await readdir(directory)) {
    const lines = (await readFile(path.join(directory, name), 'utf8')).split('\n');
    let turn: { prompt: string; said: string[] } = { prompt: '', said: [] };
    for (const line of lines) {
      if (line === '') continue;
      const { type, update } = JSON.parse(line) as Remembered;
      if (type === 'turn') turns.push((turn = { prompt: '', said: [] }));
      const text = update?.content?.text;
      if (text === undefined) continue;
      if (update?.sessionUpdate === 'user_message_chunk')
        turn.prompt = /#(p_[\w-]+)#/.exec(text)?.[1] ?? '';
      else if (/^agent_(message|thought)_chunk$/.test(update?.sessionUpdate ?? ''))
        turn.said.push(text);
    }
  }
  return turns.filter(({ prompt }) => prompt !== '');
}
