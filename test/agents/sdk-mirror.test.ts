import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hydrate } from '../../src/client/index.ts';
import { installedSdk, sdkPackage } from './claude-sdk.ts';
import { cliEnvironment, installedCli } from './cli.ts';
import { bash, script } from './model-script.ts';
import { Place } from './place.ts';

const program = fileURLToPath(new URL('../fixtures/claude-sdk-program.ts', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

let place: Place;
let folder = '';
beforeAll(async () => {
  folder = await installedSdk();
  place = await Place.open();
});
afterAll(() => place.close());

interface Told {
  session: string;
  messages: { type: string; subtype?: string; result?: string }[];
  listed: { sessionId: string; firstPrompt?: string }[];
}

/** A run of the program on a machine of its own: with this home and in this directory. */
async function ask(machine: string, prompt: string, resume?: string): Promise<Told> {
  const home = path.join(place.root, machine);
  const cwd = path.join(home, 'work');
  await mkdir(cwd, { recursive: true });
  const task = {
    sdk: path.join(folder, 'node_modules', sdkPackage, 'sdk.mjs'),
    claude: await installedCli(),
    url: place.client.url,
    tokenFile: path.join(place.state, 'token'),
    cwd,
    prompt,
    ...(resume === undefined ? {} : { resume }),
  };
  const env = cliEnvironment(home, place.model.url);
  const { stdout } = await run(process.execPath, [program, JSON.stringify(task)], { env, cwd });
  return JSON.parse(stdout) as Told;
}

test('L1 L2 L8: a session of the SDK is in Turnkeep, and goes on on another machine with its memory', async () => {
  const word = 'KIWI4711';
  const first = await ask(
    'one',
    script(`remember ${word}`, '!think hm', '!say I run', bash('echo out'), '!say I keep it'),
  );
  expect(first.messages.at(-1)).toMatchObject({ type: 'result', subtype: 'success' });
  expect(first.messages.filter(({ subtype }) => subtype === 'mirror_error')).toEqual([]);
  const { session } = first;
  expect(first.listed).toMatchObject([{ sessionId: session }]);

  const { session: row } = await place.client.sessions.get({ session });
  expect(row).toMatchObject({ agent: 'claude', writer: { state: 'external' } });
  const preview = await place.client.sessions.preview({ sessions: [session] });
  const shown = JSON.stringify(preview);
  for (const text of ['I keep it', word]) expect(shown).toContain(text);

  const second = await ask('two', '!recall', session);
  expect(second.messages.at(-1)).toMatchObject({ type: 'result', subtype: 'success' });
  expect(second.session).toBe(session);
  const asked = JSON.stringify(place.model.requests.at(-1)?.messages ?? []);
  expect(asked).toContain(word);

  // What the second machine wrote follows what the first one did.
  const token = (await readFile(path.join(place.state, 'token'), 'utf8')).trim();
  const { entries, end } = await hydrate({ url: place.client.url, token }, session).all();
  expect(end.complete).toBe(true);
  const uuids = new Set(entries.flatMap(({ uuid }) => (uuid === null ? [] : [uuid])));
  const prompts = entries.filter(({ value }) => value['type'] === 'user');
  expect(JSON.stringify(prompts.at(0)?.value)).toContain(word);
  const last = prompts.at(-1)!.value;
  expect(JSON.stringify(last)).toContain('!recall');
  expect(uuids).toContain(last['parentUuid']);
}, 180_000);

test('L8: the file of the first machine is what its log has, to the byte', async () => {
  const { session } = await ask('three', script('hello', '!say hi'));
  const projects = path.join(place.root, 'three', '.claude/projects');
  const names = await readdir(projects, { recursive: true });
  const name = names.find((each) => each.endsWith(`${session}.jsonl`))!;
  const lines = (await readFile(path.join(projects, name), 'utf8')).split('\n').slice(0, -1);
  const told = lines.filter((line) => !line.startsWith('{"type":"api-request'));
  const token = (await readFile(path.join(place.state, 'token'), 'utf8')).trim();
  const { entries } = await hydrate({ url: place.client.url, token }, session).all();
  expect(entries.map(({ text }) => text)).toEqual(told);
}, 120_000);

test('S5: the store fits the declarations of the SDK itself', async () => {
  const work = await mkdtemp(path.join(folder, 'types-'));
  try {
    const ours = path.join(root, 'src/client/claude-sdk/index.ts');
    await writeFile(
      path.join(work, 'fits.mts'),
      [
        `import { foldSessionSummary, type SessionStore } from '${sdkPackage}';`,
        `import { sessionStore } from '${ours}';`,
        `const given = { url: '', token: '', scope: 'project', foldSessionSummary } as const;`,
        'export const store: SessionStore = await sessionStore(given);',
        '// @ts-expect-error What lacks a method of the interface does not fit.',
        'export const none: SessionStore = { load: store.load };',
      ].join('\n'),
    );
    const compilerOptions = {
      extends: path.join(root, 'tsconfig.json'),
      compilerOptions: { types: ['node'], typeRoots: [path.join(root, 'node_modules/@types')] },
      include: ['fits.mts'],
    };
    await writeFile(path.join(work, 'tsconfig.json'), JSON.stringify(compilerOptions));
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
    const checked = await run(process.execPath, [tsc, '-p', work, '--noEmit']).catch(
      (error: { stdout: string }) => error,
    );
    expect(checked.stdout).toBe('');
  } finally {
    await rm(work, { recursive: true });
  }
}, 120_000);
