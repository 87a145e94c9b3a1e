import path from 'node:path';
import { checkClosedDatabase } from '../../app/closed-database.ts';
import { probeHere } from '../../app/probe-here.ts';
import type { Client } from '../../client/client.ts';
import { readDaemonRecord, tokenFileOf } from '../../client/node/state-directory.ts';
import { type Common, connect } from '../connect.ts';
import type { Io } from '../io.ts';
import {
  agentFinding,
  agentFindings,
  checkDaemon,
  checkHooks,
  checkOpenDatabase,
  checkPrices,
  databaseFinding,
  probeAgents,
  type Probed,
} from './daemon.ts';
import { type Finding, fail, ok, reasonOf, warn } from './finding.ts';
import { checkClock, checkNode, checkTools } from './machine.ts';
import { tryAgent } from './trial.ts';
import {
  checkFileSystem,
  checkHosts,
  checkSocketPath,
  checkSpace,
  checkState,
  checkToken,
  lastWritten,
} from './state.ts';

export interface Place {
  io: Io;
  options: Common;
  /** Path of the state directory. */
  state: string;
  /** Without the whole database, and without a prompt to any agent. */
  quick: boolean;
}

/** The agent of sessions that name none, where no daemon says another. */
const usualAgent = 'scripted';

/** Each finding as it is made. No check changes anything, and none keeps the others from being made. */
export async function* checkup(place: Place): AsyncGenerator<Finding, void, undefined> {
  const { io } = place;
  yield checkNode(process.versions.node);
  yield* guarded('tools', () => checkTools(io.env));
  const { directory, finding } = await checkState(place.state);
  yield finding;
  const client = await connected(place);
  try {
    if (directory === null) yield* guarded('clock', async () => checkClock(io.now(), null));
    else yield* checkDirectory(place, directory, client !== null);
    yield* client === null ? checkWithout(place, directory) : checkWith(place, client);
  } finally {
    client?.close();
  }
}

async function* checkDirectory(
  place: Place,
  directory: string,
  running: boolean,
): AsyncGenerator<Finding, void, undefined> {
  yield* guarded('space', () => checkSpace(directory));
  yield* guarded('files', () => checkFileSystem(directory));
  yield checkSocketPath(directory);
  yield* guarded('token', async () => {
    const record = await readDaemonRecord(directory);
    return checkToken(tokenFileOf(directory, record), running);
  });
  yield* guarded('hosts', () => checkHosts(directory, running));
  yield* guarded('clock', async () => checkClock(place.io.now(), await lastWritten(directory)));
}

/** A client of a daemon that answers, null where none does. */
async function connected({ io, options }: Place): Promise<Client | null> {
  const client = await connect(io, options).catch(() => null);
  if (client === null) return null;
  try {
    await client.server.health({}, { tries: 1, timeoutMs: 2000 });
    return client;
  } catch {
    // Who is not there or does not answer is told by the check of the daemon.
    client.close();
    return null;
  }
}

async function* checkWith(
  { quick, options }: Place,
  client: Client,
): AsyncGenerator<Finding, void, undefined> {
  yield* guarded('daemon', () => checkDaemon(client));
  const hooks = await checkHooks(client).catch(() => null);
  if (hooks !== null) yield hooks;
  const prices = await checkPrices(client).catch(() => null);
  if (prices !== null) yield prices;
  if (!quick) yield* guarded('database', () => checkOpenDatabase(client));
  const found: { answer: Probed | null } = { answer: null };
  yield* guarded('agents', async () => {
    found.answer = await probeAgents(client);
    return agentFindings(found.answer);
  });
  // Of another machine no directory is known in which an agent could be tried.
  if (quick || options.url !== undefined || found.answer === null) return;
  const { agents, default: usual } = found.answer;
  for (const agent of agents) {
    const { state, problem } = agent.found ?? { state: 'missing', problem: null };
    // Whoever wants a login was told so already.
    if (state !== 'ready' || problem?.kind === 'login') continue;
    yield* guarded(`try ${agent.name}`, () => tryAgent(client, agent, usual));
  }
}

async function* checkWithout(
  place: Place,
  directory: string | null,
): AsyncGenerator<Finding, void, undefined> {
  yield* guarded('daemon', () => absence(place));
  if (directory !== null && !place.quick) {
    yield* guarded('database', () => checkDatabase(directory));
  }
  yield* guarded('agents', async () => {
    const probed = await probeHere(place.state);
    return probed.map(({ report, ...agent }) => {
      const found = report === null ? null : { ...report, at: '', ageMs: 0 };
      return agentFinding({ ...agent, found } as Parameters<typeof agentFinding>[0], usualAgent);
    });
  });
}

/** Why no daemon answers, as far as it can be seen. */
async function absence({ options, state }: Place): Promise<Finding> {
  if (options.url !== undefined) return fail('daemon', `${options.url} does not answer.`);
  const record = await readDaemonRecord(state);
  if (record === null) return warn('daemon', 'none runs.', 'Start one with `turnkeep up`.');
  const where = `${record.url}, pid ${record.pid}`;
  if (!isAlive(record.pid)) {
    const message = `none runs; the last one (${where}) did not end in order.`;
    return warn('daemon', message, '`turnkeep up` goes on where it was.');
  }
  const log = path.join(state, 'daemon.log');
  return fail('daemon', `${where}, is alive and does not answer.`, `Look into ${log}.`);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function checkDatabase(directory: string): Promise<Finding> {
  const checked = await checkClosedDatabase(directory);
  switch (checked.state) {
    case 'absent':
      return ok('database', 'is made at the first start');
    case 'in-use':
      return fail('database', 'not checked: a daemon holds it and does not answer.');
    case 'checked':
      return databaseFinding(checked.faults);
  }
}

async function* guarded(
  check: string,
  look: () => Promise<Finding | readonly Finding[]>,
): AsyncGenerator<Finding, void, undefined> {
  try {
    const found = await look();
    yield* Array.isArray(found) ? (found as readonly Finding[]) : [found as Finding];
  } catch (error) {
    yield fail(check, `could not be checked: ${reasonOf(error)}`);
  }
}
