import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** `turnkeep up` as a process of its own, in an environment that the test gives. */
export class DaemonProcess {
  readonly url: string;
  readonly pid: number;
  readonly secret: string;
  /** Text of every answer that was given. */
  readonly answers: string[] = [];
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #logged: string[];

  private constructor(
    child: ChildProcessByStdio<null, Readable, Readable>,
    logged: string[],
    ready: { url: string; secret: string },
  ) {
    this.#child = child;
    this.#logged = logged;
    this.pid = child.pid!;
    this.url = ready.url;
    this.secret = ready.secret;
  }

  static async start(state: string, env: { [name: string]: string }): Promise<DaemonProcess> {
    const words = [cli, 'up', '--state', state, '--port', '0', '--json'];
    const child = spawn(process.execPath, words, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const logged: string[] = [];
    child.stderr.setEncoding('utf8').on('data', (text: string) => logged.push(text));
    const lines = createInterface({ input: child.stdout });
    const over = once(lines, 'close').then(() => {
      throw new Error(`The daemon ended before it was ready: ${logged.join('')}`);
    });
    const [line] = (await Promise.race([once(lines, 'line'), over])) as [string];
    over.catch(() => undefined);
    const { url, tokenFile } = JSON.parse(line) as { url: string; tokenFile: string };
    const secret = (await readFile(tokenFile, 'utf8')).trim();
    return new DaemonProcess(child, logged, { url, secret });
  }

  get log(): string {
    return this.#logged.join('');
  }

  // What an operation answers is looked at member by member.
  // oxlint-disable-next-line typescript/no-explicit-any
  async call(name: string, input: object = {}, secret = this.secret): Promise<any> {
    const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
    const body = JSON.stringify(input);
    const answer = await fetch(`${this.url}/v1/${name}`, { method: 'POST', headers, body });
    const text = await answer.text();
    this.answers.push(text);
    return JSON.parse(text);
  }

  /** Ends its hosts and itself. */
  async stop(): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    await this.call('server.shutdown', { mode: 'stop' });
    await gone;
  }
}

/** A process as the machine shows it to its user. */
export interface Shown {
  pid: number;
  command: string;
  argv: string[];
  /** `NAME=value`, as it was started with. */
  environment: string[];
}

export async function shownOf(pid: number): Promise<Shown> {
  const list = async (file: string): Promise<string[]> =>
    (await readFile(`/proc/${pid}/${file}`, 'latin1')).split('\0').slice(0, -1);
  const command = (await readFile(`/proc/${pid}/comm`, 'latin1')).trim();
  return { pid, command, argv: await list('cmdline'), environment: await list('environ') };
}

/** All that live and carry the marker of a host: wrapper, relay, agent and what that has started. */
export async function membersOf(host: string): Promise<Shown[]> {
  const found: Shown[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const shown = await shownOf(Number(pid)).catch(() => null);
    if (shown?.environment.includes(`TURNKEEP_HOST=${host}`) === true) found.push(shown);
  }
  return found;
}
