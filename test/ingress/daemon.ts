import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { compiled } from '../compile-cache.ts';

const cli = path.join(import.meta.dirname, '../../src/cli/main.ts');

/** The command as it is, on a state directory and at a port of its own, that is killed and started again. */
export class IngressDaemon {
  readonly home: string;
  url = '';
  token = '';
  #child: ChildProcess | null = null;

  private constructor(home: string) {
    this.home = home;
  }

  static async open(): Promise<IngressDaemon> {
    const home = await realpath(await mkdtemp(path.join(tmpdir(), 'turnkeep-ingress-')));
    const daemon = new IngressDaemon(home);
    onTestFinished(async () => {
      await daemon.kill();
      await rm(home, { recursive: true, force: true });
    });
    await daemon.start();
    return daemon;
  }

  /** At the port that it had before, where it had one. */
  async start(): Promise<void> {
    const port = this.url === '' ? '0' : new URL(this.url).port;
    const words = [cli, 'up', '--state', path.join(this.home, 'state'), '--port', port, '--json'];
    const child = spawn(process.execPath, words, {
      cwd: this.home,
      env: {
        PATH: process.env['PATH'],
        HOME: this.home,
        ...compiled(),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    const ended = once(child, 'exit').then(() => {
      throw new Error(`The daemon has ended: ${err}`);
    });
    ended.catch(() => undefined);
    while (!out.includes('\n')) await Promise.race([once(child.stdout, 'data'), ended]);
    const ready = JSON.parse(out) as { url: string; tokenFile: string };
    this.url = ready.url;
    this.token = (await readFile(ready.tokenFile, 'utf8')).trim();
  }

  /** At once, at whatever it is doing. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }
}
