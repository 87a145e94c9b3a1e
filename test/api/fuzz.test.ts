import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { checkBounds, checkValues } from '../../src/api/bounded-json.ts';
import { refusalCodes } from '../../src/domain/refusal.ts';
import { httpStatus } from '../../src/protocol/error.ts';
import { operationNames, operations, type OperationName } from '../../src/protocol/operations.ts';
import { DaemonProcess } from './daemon-process.ts';
import { fitting, type Known, nearly, wild } from './fuzz-inputs.ts';
import { prelude, undecided } from './fuzz-prelude.ts';
import { eventually, type Json, type Rpc } from './harness.ts';

/** `FUZZ_SEED=n` plays a run again; `FUZZ_RUNS=n` makes it longer. */
const seed = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const runs = Number(process.env['FUZZ_RUNS'] ?? 20_000);
const lanes = 8;
/** A socket may not send more than so many in a moment. */
const perSocket = 1500;

interface Input {
  name: OperationName;
  text: string;
}

interface Outcome {
  status: number;
  body: Json;
}

let daemon: DaemonProcess;
let known: Known;

beforeAll(async () => {
  daemon = await DaemonProcess.open();
  known = await prelude(daemon);
});

afterAll(() => daemon.close());

/** Of every operation as many, but of the one that reads the whole database. */
const played = operationNames.flatMap((name) =>
  Array.from({ length: name === 'server.check' ? 1 : 20 }, () => name),
);
const fields = [
  'session',
  'id',
  'key',
  'cwd',
  'prompt',
  'content',
  'limit',
  'cursor',
  'meta',
  'after',
];

/** These withdraw what waits for a decision: of sessions with such they are not asked. */
const stopping = /^sessions\.(abort|send|steer|reset|delete|compact)$|^queue\./;
/** And these leave nothing to be asked about: they come last. */
const ending = /^(runs\.stopAll|sessions\.(delete|reset))$/;

/** The inputs of a run, the same for the same seed. */
function inputs(): Input[] {
  const names = fc.sample(fc.constantFrom(...played), { seed, numRuns: runs });
  const counts = new Map<OperationName, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  const texts = new Map(
    [...counts].map(([name, numRuns]) => {
      const input: z.ZodType = operations[name].input;
      const names = stopping.test(name) ? { ...known, session: undecided(known) } : known;
      const arbitrary = fc.oneof(
        { weight: 4, arbitrary: fitting(input, names) },
        { weight: 4, arbitrary: nearly(input, names) },
        { weight: 2, arbitrary: wild(fields) },
      );
      return [name, fc.sample(arbitrary, { seed, numRuns })] as const;
    }),
  );
  const ordered = [
    ...names.filter((name) => !ending.test(name)),
    ...names.filter((name) => ending.test(name)),
  ];
  return ordered.map((name) => ({ name, text: JSON.stringify(texts.get(name)?.pop()) ?? 'null' }));
}

async function overHttp({ name, text }: Input): Promise<Outcome> {
  const answer = await daemon.ask(`/v1/${name}`, text);
  return { status: answer.status, body: answer.text === '' ? null : JSON.parse(answer.text) };
}

/** One lane's socket, replaced before it has sent too much. */
class Line {
  #rpc: Rpc | undefined;
  #sent = 0;

  async ask({ name, text }: Input): Promise<Outcome> {
    if (this.#sent >= perSocket) this.end();
    this.#rpc ??= await daemon.socket();
    const rpc = this.#rpc;
    const id = (this.#sent += 1);
    // Put together by hand: what was `-0` or `__proto__` in the text is so in the frame.
    rpc.socket.send(`{"jsonrpc":"2.0","id":${id},"method":"${name}","params":${text}}`);
    const answer = await rpc.until(() =>
      rpc.received.find((message) => message.id === id || message.id === null),
    );
    rpc.received.length = 0;
    return outcomeOf(answer);
  }

  end(): void {
    this.#rpc?.socket.terminate();
    this.#rpc = undefined;
    this.#sent = 0;
  }
}

/** As HTTP would have told it. */
function outcomeOf({ result, error }: Json): Outcome {
  if (error === undefined) return { status: 200, body: result };
  const { message, data } = error;
  const status = httpStatus[data.code as keyof typeof httpStatus];
  return { status, body: { error: { ...data, message } } };
}

const refusal = z.strictObject({
  code: z.enum(refusalCodes),
  message: z.string().min(1).max(12_000),
  field: z.string().min(1).optional(),
  data: z.record(z.string(), z.unknown()).optional(),
});

/** Why the edge has to refuse an input, if it has to. */
function wrongIn({ name, text }: Input): 'bounds' | 'whole' | 'field' | null {
  try {
    checkBounds(`{"params":${text}}`);
    checkValues(JSON.parse(text));
  } catch {
    return 'bounds';
  }
  const { success, error } = operations[name].input.safeParse(JSON.parse(text));
  if (success) return null;
  return error.issues.every(({ path, code }) => path.length === 0 && code !== 'unrecognized_keys')
    ? 'whole'
    : 'field';
}

/** Whether an operation is offered on a face at all, with its input as JSON. */
function isOffered(name: OperationName, over: Face): boolean {
  const shape: string = operations[name].shape;
  if (shape === 'unary') return true;
  return over === 'rpc' ? shape === 'feed' : shape === 'download';
}

/** What is wrong with an answer; null for one as it has to be. */
function faultOf(input: Input, over: Face, { status, body }: Outcome): string | null {
  const offered = isOffered(input.name, over);
  const wrong = offered ? wrongIn(input) : null;
  if (status === 200) {
    if (wrong !== null) return 'was accepted against its schema';
    if (!offered) return 'was accepted where it is not offered';
    // A download that has begun: its lines are no JSON value.
    if (body === null) return null;
    const output = operations[input.name].output.safeParse(body);
    return output.success ? null : `answers against its schema: ${output.error.message}`;
  }
  const told = refusal.safeParse(body?.error);
  if (!told.success) return `refuses with ${status} in another form: ${told.error.message}`;
  const { code, field } = told.data;
  // A session that works on is a reason to come back, which HTTP counts among its errors.
  if (code !== 'busy' && (status < 400 || status >= 500)) return `answers ${status}`;
  if (offered && httpStatus[code] !== status) return `answers ${status} for ${code}`;
  if (wrong !== null && code !== 'invalid') return `says ${code} of an input that is invalid`;
  return wrong === 'field' && field === undefined ? 'does not name the field' : null;
}

type Face = 'http' | 'rpc';

async function play(input: Input, over: Face, line: Line): Promise<Outcome> {
  const outcome = over === 'http' ? await overHttp(input) : await line.ask(input);
  const fault = faultOf(input, over, outcome);
  if (fault === null) return outcome;
  const { name, text } = input;
  const asked = `${name} ${text.slice(0, 2000)}`;
  const answered = JSON.stringify(outcome.body).slice(0, 2000);
  throw new Error(`seed ${seed}, ${over}: ${fault}\n${asked}\n${answered}`);
}

test(`S2 S3 S5: inputs made from the schemas, ${runs} of them, are answered or refused with a code, on both faces`, async () => {
  console.log(`fuzz seed ${seed}: FUZZ_SEED=${seed} plays it again`);
  const waiting = inputs().entries();
  const statuses = new Map<string, number>();
  const accepted = new Set<OperationName>();
  await daemon.block();
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      const line = new Line();
      for (const [n, input] of waiting) {
        const outcome = await play(input, n % 2 === 0 ? 'http' : 'rpc', line);
        const told = outcome.status === 200 ? 'ok' : outcome.body.error.code;
        statuses.set(told, (statuses.get(told) ?? 0) + 1);
        if (outcome.status === 200) accepted.add(input.name);
        if (operations[input.name].shape !== 'unary' || wrongIn(input) === null) continue;
        // What the edge refuses is refused in the same words by both faces.
        const other = await play(input, n % 2 === 0 ? 'rpc' : 'http', line);
        expect([input, other.body.error.code]).toEqual([input, outcome.body.error.code]);
        expect([input, other.body.error.field]).toEqual([input, outcome.body.error.field]);
      }
      line.end();
    }),
  );
  const block = await daemon.block();
  const told = JSON.stringify(Object.fromEntries(statuses));
  console.log(`answers ${told}, longest block ${block.toFixed(1)} ms`);
  // Two seconds tell a hang from a machine that does other things beside.
  expect(block).toBeLessThan(2000);
  // The inputs get past the schemas, to the handlers and to the engine's own checks.
  const offered = operationNames.filter(
    (name) => isOffered(name, 'http') || isOffered(name, 'rpc'),
  );
  const refused = offered.filter((name) => !accepted.has(name));
  expect(refused.length, refused.join(' ')).toBeLessThan(offered.length / 5);
  expect(statuses.get('ok')).toBeGreaterThan(runs / 10);
  expect(statuses.get('invalid')).toBeGreaterThan(runs / 10);
}, 300_000);

test('S5: after it the daemon serves a session as before, its log is whole, and it has nothing to say', async () => {
  const rpc = await daemon.socket();
  // What was set for all sessions would hold for this one, too.
  await rpc.request('budgets.set', { budget: null });
  await rpc.request('policy.set', { directory: null, rules: [] });
  const { result } = await rpc.request('sessions.create', { title: 'After', prompt: 'say' });
  const session = result.session.id;
  await rpc.request('feeds.open', { session, after: 0 });
  await eventually(() =>
    rpc.notifications('entry').some(({ params }) => params.entry.kind === 'run_ended'),
  );
  const ended = rpc.notifications('entry').find(({ params }) => params.entry.kind === 'run_ended');
  expect(ended.params.entry.data.outcome).toBe('completed');
  expect((await rpc.request('server.check')).result).toEqual({ faults: [], more: 0 });
  expect(await daemon.logged()).toEqual([]);
  expect(daemon.said).toBe('');
  rpc.socket.terminate();
}, 60_000);
