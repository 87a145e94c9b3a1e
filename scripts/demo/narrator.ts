// What the demo prints.
import colours from 'picocolors';
import { type Entry } from '../../src/domain/entry.ts';
import { textOf } from '../../src/domain/content.ts';
import type { Claim } from './proof.ts';

export class Narrator {
  #midLine = false;

  title(text: string): void {
    this.#line(`\n${colours.bold(text)}\n`);
  }

  step(text: string): void {
    this.#line(`${colours.cyan('●')} ${text}`);
  }

  note(text: string): void {
    this.#line(colours.dim(`  ${text}`));
  }

  alarm(text: string): void {
    this.#line(`\n${colours.bgRed(colours.white(colours.bold(` ${text} `)))}\n`);
  }

  /** Text in progress, as it comes. */
  text(part: string, text: string): void {
    if (part === 'output' || text === '') return;
    process.stdout.write(part === 'thought' ? colours.dim(text) : text);
    this.#midLine = !text.endsWith('\n');
  }

  /** An entry of the log; `shown` of its text is on the screen already. */
  entry(entry: Entry, shown: string): void {
    switch (entry.kind) {
      case 'prompt':
        return this.step(
          `prompt ${colours.dim(`#${entry.seq}`)} is in the log before anybody acts on it`,
        );
      case 'message':
      case 'thought': {
        const text = textOf(entry.data.content);
        this.text(entry.kind === 'thought' ? 'thought' : 'text', text.slice(shown.length));
        return this.#line('');
      }
      case 'tool_call':
        if (entry.data.status !== 'completed') return;
        return this.step(
          `${entry.data.kind}: ${entry.data.title} ${colours.green('✓')}${outputOf(entry)}`,
        );
      case 'approval':
        return this.#line(
          `${colours.yellow('?')} may it do this?  ${colours.bold(entry.data.title)}`,
        );
      case 'run_ended':
        return this.step(`the run ended: ${colours.green(entry.data.outcome)}`);
      default:
        return;
    }
  }

  proof(claims: readonly Claim[]): void {
    this.#line(`\n${colours.bold('Proof')}`);
    for (const { holds, text } of claims.slice(0, -1)) {
      this.#line(`  ${holds ? colours.green('✓') : colours.red('✗')} ${text}`);
    }
    const last = claims.at(-1)!;
    this.#line(`\n${last.holds ? colours.green(colours.bold(last.text)) : colours.red(last.text)}`);
  }

  #line(text: string): void {
    process.stdout.write(`${this.#midLine ? '\n' : ''}${text}\n`);
    this.#midLine = false;
  }
}

function outputOf(entry: Extract<Entry, { kind: 'tool_call' }>): string {
  if (entry.data.kind !== 'execute') return '';
  const [first] = entry.data.content ?? [];
  if (first?.type !== 'content' || first.content.type !== 'text') return '';
  const lines = first.content.text.trimEnd().split('\n');
  return colours.dim(lines.map((line) => `\n  │ ${line}`).join(''));
}
