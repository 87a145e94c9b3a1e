import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import process from 'node:process';
import { otherWork } from './machine.ts';
import type { Health } from './place.ts';
import { passes, quantile, type Result, result } from './result.ts';

/** What a measure's process tells in its last line. */
export interface Told {
  results: readonly Result[];
  health: Health;
}

export interface RunOptions {
  /** The program that runs one measure: `PROGRAM --child MEASURE --place DIRECTORY [--quick]`. */
  program: string;
  directory: string;
  quick: boolean;
  json: string | null;
}

/** One run of the bench: what was measured so far, and the measure that is under way. */
export class Run {
  interrupted = false;
  readonly #options: RunOptions;
  readonly #results: (Result & { load: number; busy: number })[] = [];
  readonly #health: Health = { firsts: [], times: [], failed: 0 };
  #child: ChildProcess | null = null;

  constructor(options: RunOptions) {
    this.#options = options;
  }

  /** The measure stops what it has started; then all is removed. */
  interrupt(): void {
    this.interrupted = true;
    this.#child?.kill('SIGTERM');
  }

  async measure(name: string): Promise<void> {
    if (this.interrupted) return;
    const other = await otherWork();
    const share = `${Math.round(other.busy * 100)} % busy with other work`;
    process.stdout.write(`\n${name} (load ${other.load.toFixed(2)}, ${share})\n`);
    const told = await this.#inChild(name);
    if (told === null) return;
    for (const ms of told.health.times) this.#health.times.push(ms);
    for (const ms of told.health.firsts) this.#health.firsts.push(ms);
    this.#health.failed += told.health.failed;
    const seen = told.health.times;
    const probed =
      seen.length === 0
        ? []
        : [result(`health-${name}-p99`, 'health meanwhile, p99', quantile(seen, 0.99), 'ms')];
    this.#tell([...told.results, ...probed], other);
  }

  /** Tells of the health in all measures and writes the file; answers whether every target is met. */
  async conclude(): Promise<boolean> {
    const { firsts, times, failed } = this.#health;
    process.stdout.write('\nhealth\n');
    const title = `health in all of ${times.length} probes, p99`;
    if (times.length > 0) {
      const most = Math.max(...times);
      const results = [
        result('health-p99', title, quantile(times, 0.99), 'ms', { atMost: 5 }),
        result('health-max', '… slowest', most, 'ms', { atMost: 30 }),
        result('health-first', '… first of each daemon, p50', quantile(firsts, 0.5), 'ms'),
        result('health-failed', '… without an answer', failed, '', { atMost: 0 }),
      ];
      this.#tell(results, await otherWork());
    }
    const list = this.#results.map((one) => ({ ...one, ratio: ratio(one), pass: passes(one) }));
    if (this.#options.json !== null) await writeFile(this.#options.json, this.#json(list));
    return list.every(({ pass }) => pass !== false);
  }

  #tell(results: readonly Result[], other: { load: number; busy: number }): void {
    for (const one of results) {
      this.#results.push({ ...one, ...other });
      process.stdout.write(`${line(one)}\n`);
    }
  }

  async #inChild(name: string): Promise<Told | null> {
    const { program, directory, quick } = this.#options;
    const words = ['--child', name, '--place', directory, ...(quick ? ['--quick'] : [])];
    const child = spawn(process.execPath, [program, ...words], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#child = child;
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    const code = await new Promise((resolve) => child.once('close', resolve));
    this.#child = null;
    if (this.interrupted) return null;
    if (code !== 0) throw new Error(`The measure ${name} ended with ${String(code)}.`);
    return JSON.parse(output.trim().split('\n').at(-1)!) as Told;
  }

  #json(results: readonly object[]): string {
    const [processor] = cpus();
    const { version: node, platform, arch } = process;
    const machine = { processor: processor?.model, cores: cpus().length, node, platform, arch };
    const { quick } = this.#options;
    const whole = { at: new Date().toISOString(), quick, machine, results };
    return `${JSON.stringify(whole, null, 2)}\n`;
  }
}

function ratio({ value, target }: Result): number | null {
  return target === null || target === 0 ? null : value / target;
}

function line(one: Result): string {
  const pass = passes(one);
  const mark = pass === null ? ' ' : pass ? '✓' : '✗';
  const value =
    one.value >= 100 ? Math.round(one.value).toLocaleString('en') : one.value.toFixed(2);
  const sign = one.more ? 'at least' : 'at most';
  const target = one.target === null ? '' : `${sign} ${one.target.toLocaleString('en')}`;
  const share = ratio(one);
  const of = share === null ? '' : `${share.toFixed(2)} of it`;
  return `${mark} ${one.title.padEnd(52)} ${value.padStart(10)} ${one.unit.padEnd(7)} ${target.padEnd(16)} ${of}`.trimEnd();
}
