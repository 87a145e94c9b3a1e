import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A process as `/proc` shows it, looked for in another way than the code under test. */
export interface Seen {
  pid: number;
  session: number;
  marker: string | null;
}

/** Who lives now; zombies do not. */
export async function processes(): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'latin1').catch(() => '');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (stat === '' || fields[0] === 'Z' || fields[0] === 'X') continue;
    const environment = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '');
    const marker = environment.split('\0').find((line) => line.startsWith('TURNKEEP_HOST='));
    seen.push({ pid: Number(name), session: Number(fields[3]), marker: marker?.slice(14) ?? null });
  }
  return seen;
}

/** Processes of these hosts, by marker and by the sessions that their agents led. */
export async function leftOf(hosts: ReadonlyMap<string, number | null>): Promise<Seen[]> {
  const sessions = new Set(hosts.values());
  return (await processes()).filter(
    ({ marker, session }) => (marker !== null && hosts.has(marker)) || sessions.has(session),
  );
}

/** The pid of a host's agent, which leads its session; null before it is known or after its end. */
export async function agentOf(state: string, host: string): Promise<number | null> {
  const group = await readFile(join(state, 'hosts', host, 'group'), 'latin1').catch(() => '');
  const agent = Number(group.trim().split(' ')[1]);
  return Number.isInteger(agent) ? agent : null;
}

export async function stopped(pid: number): Promise<boolean> {
  return /\) T /.test(await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => ''));
}

export async function hasStdout(pid: number): Promise<boolean> {
  return (await readdir(`/proc/${pid}/fd`)).includes('1');
}

export async function alive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  return stat !== '' && !/\) [ZX] /.test(stat);
}

/** Looks until it is so: only for what has no event, like the end of somebody else's child. */
export async function until(what: string, look: () => Promise<boolean>, ms = 5000): Promise<void> {
  const deadline = performance.now() + ms;
  while (!(await look())) {
    if (performance.now() > deadline) throw new Error(`not in ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
