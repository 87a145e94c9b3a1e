import { version } from '../../app/version.ts';
import type { Client } from '../../client/client.ts';
import { RefusalError } from '../../domain/refusal.ts';
import type { AgentRow } from '../../protocol/operations/agents-list.ts';
import { type Finding, fail, ok, reasonOf, warn } from './finding.ts';

/** Prices that cannot be read estimate nothing, and nobody sees that otherwise; null where all is well. */
export async function checkPrices(client: Client): Promise<Finding | null> {
  const { file, problem } = await client.prices.get({});
  if (problem === null) return null;
  return warn('prices', `${file ?? 'they'} cannot be used: ${problem}`, 'The last good ones hold.');
}

/** Hooks that nobody runs, and nobody sees that otherwise; null where all is well. */
export async function checkHooks(client: Client): Promise<Finding | null> {
  const { hooks } = await client.server.info();
  if (hooks.problem === null) return null;
  const advice = 'Mend the file and start the daemon again.';
  return warn('hooks', `nobody is notified: ${hooks.problem}`, advice);
}

/** A long check of much data is no failure. */
const checkMs = 3_600_000;
const probeMs = 60_000;

export async function checkDaemon(client: Client): Promise<Finding> {
  const info = await client.server.info();
  const { setAside } = info.start;
  const where = `${client.url}, pid ${info.pid}`;
  if (info.version !== version) {
    return warn(
      'daemon',
      `${where}, is version ${info.version}, this command ${version}.`,
      '`turnkeep stop --detach` and `turnkeep up`: agents go on meanwhile.',
    );
  }
  if (setAside.length > 0) {
    const names = setAside.map(({ session, reason }) => `${session} (${reason})`).join(', ');
    return warn('daemon', `${where}; sessions set aside at its start: ${names}`);
  }
  return ok('daemon', `${where}, version ${version}`);
}

export async function checkOpenDatabase(client: Client): Promise<Finding> {
  try {
    const { faults, more } = await client.server.check({}, { timeoutMs: checkMs, tries: 1 });
    return databaseFinding(faults, more);
  } catch (error) {
    const lacks = error instanceof RefusalError && error.refusal.code === 'forbidden';
    if (lacks) return warn('database', 'not checked: this token may not ask for it.');
    return fail('database', `cannot be checked: ${reasonOf(error)}`);
  }
}

const shownFaults = 5;

export function databaseFinding(faults: readonly string[], more = 0): Finding {
  if (faults.length === 0) return ok('database', 'sound, with every digest');
  const rest = faults.length + more - shownFaults;
  const shown = faults.slice(0, shownFaults).join('; ');
  return fail(
    'database',
    `${shown}${rest > 0 ? `; and ${rest} more` : ''}`,
    'Stop the daemon and keep a copy of the state directory before anything else.',
  );
}

export interface Probed {
  agents: readonly AgentRow[];
  default: string;
}

export function probeAgents(client: Client): Promise<Probed> {
  return client.agents.probe({ refresh: true }, { timeoutMs: probeMs });
}

export function agentFindings(answer: Probed): Finding[] {
  return answer.agents.map((agent) => agentFinding(agent, answer.default));
}

/** The agent of sessions that name none has to work; the others are there for who wants them. */
export function agentFinding(
  { name, title, found, install }: Pick<AgentRow, 'name' | 'title' | 'found' | 'install'>,
  usual: string,
): Finding {
  const check = `agent ${name}`;
  if (found === null) return ok(check, `${title} cannot be asked`);
  const { state, problem, version: told, models } = found;
  const bad = name === usual ? fail : warn;
  const which = `${title}${told === null ? '' : ` ${told}`}`;
  if (state === 'missing') return bad(check, `${which} is not installed.`, install);
  if (state === 'failing') return bad(check, `${which}: ${problem?.message ?? 'gives no answer'}`);
  if (problem !== null) return warn(check, `${which}: ${problem.message}`);
  const count = models?.values.length ?? 0;
  return ok(check, `${which}${count === 0 ? '' : `, ${count} model${count === 1 ? '' : 's'}`}`);
}
