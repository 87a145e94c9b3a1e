import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeCommand } from '../../src/agents/claude/encode.ts';
import { loadedState } from '../../src/agents/claude/state.ts';
import { type Daemon, startDaemon } from '../../src/app/daemon.ts';
import type { Client } from '../../src/client/index.ts';
import { nodeClient } from '../../src/client/node/index.ts';
import { RefusalError } from '../../src/domain/refusal.ts';
import { driver, opened, specOf } from './conversation.ts';
import { hostileValues } from './hostile-values.ts';

const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
/** What may be there beside the constant options; a value is always in the word of its option. */
const variable = [
  new RegExp(`^--(?:session-id|resume|resume-session-at)=${uuid}$`),
  /^--model=[A-Za-z0-9][A-Za-z0-9._:/@[\]-]*$/,
  /^--permission-mode=(?:acceptEdits|manual|plan)$/,
];
const constant = driver.program(specOf()).args.filter((word) => !variable[0]!.test(word));

function oddWords(args: readonly string[]): string[] {
  const rest = args.filter((word) => !constant.includes(word));
  return rest.filter((word) => !variable.some((pattern) => pattern.test(word)));
}

describe('the words of the command', () => {
  test('S3: what it is started with is constant but for values that passed their grammar', () => {
    expect(constant.every((word) => /^-[a-z-]+(?:=[a-z-]+)?$/.test(word))).toBe(true);
    const legal = ['opus', 'claude-sonnet-4-5[1m]', 'plan', '5f0c2b1e-8d0e-4b51-9a53-0e3f3b9d7c11'];
    for (const value of [...hostileValues, ...legal]) {
      for (const field of ['nativeId', 'model', 'mode', 'session', 'host', 'cwd'] as const) {
        const { args, program } = driver.program(specOf({ [field]: value }));
        expect([field, value, oddWords(args)]).toEqual([field, value, []]);
        expect(args.slice(0, constant.length)).toEqual(constant);
        expect(program).toBe('claude');
      }
      for (const field of ['forkOf', 'forkAt'] as const) {
        const { args } = driver.program(specOf({ forkOf: '', forkAt: '', [field]: value }));
        expect([field, value, oddWords(args)]).toEqual([field, value, ['--fork-session']]);
      }
    }
  });

  test('S3: a prompt stays one line of JSON each, whatever it says', () => {
    const { state } = opened();
    for (const value of hostileValues) {
      const content = [{ type: 'text', text: value }] as const;
      const lines = encodeCommand(loadedState(state), {
        type: 'prompt',
        run: 'r',
        prompt: 'p',
        content,
      });
      expect(lines.every((line) => !/[\n\r]/.test(line))).toBe(true);
      const message = JSON.parse(lines.at(-1)!) as { message: { content: { text: string }[] } };
      expect(message.message.content[0]?.text).toBe(value);
    }
  });
});

/** Writes down what it was started with, and ends. */
const fakeClaude = `#!/bin/sh
printf '%s\\0' "$0" "$@" > argv.new
mv argv.new argv
exit 3
`;

describe('through a daemon', () => {
  let root: string;
  let daemon: Daemon;
  let client: Client;
  let count = 0;

  beforeAll(async () => {
    root = await realpath(await mkdtemp(join(tmpdir(), 'turnkeep-options-')));
    const program = join(root, 'claude');
    await writeFile(program, fakeClaude);
    await chmod(program, 0o755);
    const state = join(root, 'state');
    daemon = await startDaemon({ state, claude: { program, env: {} }, log: () => undefined });
    const { url, tokenFile } = daemon;
    client = await nodeClient({ url, tokenFile, env: {} });
  });
  afterAll(async () => {
    client.close();
    await daemon.shutdown('stop');
    await rm(root, { recursive: true, force: true });
  });

  /** Begins a session with these fields; what its agent was started with, or null where it was refused. */
  async function startedWith(fields: { [field: string]: string }): Promise<string[] | null> {
    const cwd = join(root, `work-${count++}`);
    await mkdir(cwd);
    try {
      const input = { agent: 'claude', cwd, prompt: 'hello', ...fields };
      const { session } = await client.sessions.create(input);
      for await (const event of client.watch(session.id, { after: 0 })) {
        if (event.type === 'entry' && event.entry.kind === 'run_ended') break;
      }
    } catch (error) {
      if (!(error instanceof RefusalError) || error.refusal.code === 'internal') throw error;
      expect(await readdir(cwd)).toEqual([]);
      return null;
    }
    expect(await readdir(cwd)).toEqual(['argv']);
    return (await readFile(join(cwd, 'argv'), 'utf8')).split('\0').slice(0, -1);
  }

  test(
    'S3: for each hostile prompt, title, label, model, mode and key the program is started as ever, or not at all',
    { timeout: 120_000 },
    async () => {
      const usual = await startedWith({});
      expect(usual?.slice(1)).toHaveLength(constant.length + 1);
      const told = { started: 0, refused: 0 };
      for (const value of hostileValues) {
        const asked: { [field: string]: string }[] = [
          { prompt: value },
          { title: value, label: value, key: `agent:claude:${value}` },
          { model: value, mode: value },
        ];
        const argvs = await Promise.all(asked.map((fields) => startedWith(fields)));
        for (const [at, argv] of argvs.entries()) {
          told[argv === null ? 'refused' : 'started'] += 1;
          if (argv === null) continue;
          expect(argv[0]).toBe(join(root, 'claude'));
          expect([asked[at], oddWords(argv.slice(1))]).toEqual([asked[at], []]);
        }
      }
      expect(told.started).toBeGreaterThan(80);
      expect(told.started + told.refused).toBe(3 * hostileValues.length);
      expect(await readdir(root)).not.toContain('pwned');
    },
  );
});
