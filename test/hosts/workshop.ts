import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { openHosts } from '../../src/hosts/hosts.ts';
import type { Host, HostExit, Hosts, LaunchSpec } from '../../src/ports/hosts.ts';

/**
 * A state directory for one test, any number of "daemons" on it, and the check that nothing is left. Host
 * ids are unique on the machine, so what carries one of them was started here.
 */
export class Workshop {
  readonly directory: string;
  readonly warnings: string[] = [];
  readonly #ids: string[] = [];
  readonly #attached: Host[] = [];

  constructor(directory: string) {
    this.directory = directory;
  }

  static async open(): Promise<Workshop> {
    return new Workshop(await realpath(await mkdtemp(join(tmpdir(), 'turnkeep-hosts-'))));
  }

  /** A new daemon's view of the directory. */
  async daemon(): Promise<Hosts> {
    const directory = join(this.directory, 'hosts');
    return openHosts({
      directory,
      archive: join(this.directory, 'archive'),
      warn: (what, error) => this.warnings.push(`${what}: ${String(error)}`),
    });
  }

  host(): string {
    const id = `t${randomUUID()}`;
    this.#ids.push(id);
    return id;
  }

  path(host: string, file = ''): string {
    return join(this.directory, 'hosts', host, file);
  }

  spec(program: string, args: readonly string[] = [], host = this.host()): LaunchSpec {
    return { host, program, args, cwd: this.directory, env: { PATH: process.env['PATH'] ?? '' } };
  }

  /** Launches by a new daemon. Shell text as the agent: `agent('exit 3')`. */
  async agent(text: string): Promise<Host> {
    return this.launch(this.spec('/bin/bash', ['-c', text]));
  }

  /** Launches this text as a module of Node. */
  async node(text: string): Promise<Host> {
    return this.launch(this.spec(process.execPath, ['--input-type=module', '-e', text]));
  }

  async launch(spec: LaunchSpec): Promise<Host> {
    return this.keep(await (await this.daemon()).launch(spec));
  }

  keep(host: Host): Host {
    this.#attached.push(host);
    return host;
  }

  /** Ends all that is left, tells whether something was, and removes the directory. */
  async close(): Promise<void> {
    for (const host of this.#attached) host.release();
    const left: string[] = [];
    for (const id of this.#ids) {
      const recovered = await (await this.daemon()).recover(id);
      if (recovered.state === 'never-started') continue;
      await recovered.host.sweep();
      recovered.host.release();
    }
    for (const id of this.#ids) left.push(...(await marked(id)));
    await rm(this.directory, { recursive: true, force: true });
    expect(left).toEqual([]);
    expect(this.warnings).toEqual([]);
  }
}

/** Living processes that carry a host's marker, looked for in another way than the code under test. */
export async function marked(host: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
    if (environment.split('\0').includes(`TURNKEEP_HOST=${host}`)) found.push(pid);
  }
  return found;
}

export async function text(host: Host): Promise<string> {
  return new TextDecoder().decode(await host.read(0, 64 * 1024 * 1024));
}

/** Resolves when the spool holds text that matches, by its events alone. */
export async function spoken(host: Host, pattern: RegExp | string): Promise<RegExpExecArray> {
  return within(`the spool to hold ${pattern}`, 10_000, async (changed) => {
    const stop = host.onChange(changed.notify);
    try {
      for (;;) {
        const next = changed.next();
        const match = new RegExp(pattern).exec(await text(host));
        if (match !== null) return match;
        await next;
      }
    } finally {
      stop();
    }
  });
}

export function ended(host: Host): Promise<HostExit> {
  return within('the end of the agent', 15_000, () => host.ended);
}

/** Looks until it is so. Only for what has no event, like the end of a process that is not a child. */
export async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  await within(what, 10_000, async () => {
    while (!(await look())) await new Promise((resolve) => setTimeout(resolve, 2));
  });
}

export async function gone(pid: number): Promise<void> {
  await until(`process ${pid} to be gone`, async () => !(await alive(pid)));
}

export async function alive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat !== '' && !/\) [ZX] /.test(stat);
}

interface Changed {
  notify: () => void;
  next: () => Promise<void>;
}

async function within<Value>(
  what: string,
  ms: number,
  act: (changed: Changed) => Promise<Value>,
): Promise<Value> {
  let wake = (): void => {};
  const changed = {
    notify: () => wake(),
    next: () => new Promise<void>((resolve) => (wake = resolve)),
  };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms);
  });
  try {
    return await Promise.race([act(changed), late]);
  } finally {
    clearTimeout(timer);
  }
}
