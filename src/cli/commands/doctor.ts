import type { Command } from 'commander';
import type { Act } from '../act.ts';
import { jsonLine, oneLine } from '../clean.ts';
import { type Common, stateOf } from '../connect.ts';
import type { Finding } from '../doctor/finding.ts';
import { type Io, lookOf } from '../io.ts';
import type { Look } from '../render/look.ts';

interface DoctorOptions extends Common {
  json?: boolean;
  quick?: boolean;
}

export function addDoctor(program: Command, act: Act): void {
  program
    .command('doctor')
    .description(
      'Check what Turnkeep needs here, and say what to do; ends with 1 where something fails.',
    )
    .option('--quick', 'leave out the check of the whole database and the prompt to each agent')
    .option('--json', 'print one line {"ok","findings"}')
    .action(act(doctor));
}

async function doctor(io: Io, options: DoctorOptions): Promise<number> {
  const { checkup } = await import('../doctor/checkup.ts');
  const look = lookOf(io, options);
  const findings: Finding[] = [];
  const place = { io, options, state: stateOf(io, options), quick: options.quick === true };
  for await (const finding of checkup(place)) {
    findings.push(finding);
    if (options.json !== true) io.out(`${renderFinding(finding, look).join('\n')}\n`);
  }
  const isWell = findings.every(({ state }) => state !== 'fail');
  if (options.json === true) io.out(`${jsonLine({ ok: isWell, findings })}\n`);
  return isWell ? 0 : 1;
}

const marks: Record<Finding['state'], string> = { ok: '✓', warn: '!', fail: '✗' };
const checkWidth = 16;

function renderFinding({ check, state, message, todo }: Finding, { style }: Look): string[] {
  const paint = { ok: style.green, warn: style.yellow, fail: style.red }[state];
  const name = oneLine(check).padEnd(checkWidth);
  const line = `${paint(marks[state])} ${name} ${oneLine(message, 1000)}`;
  if (todo === undefined) return [line];
  return [line, `${' '.repeat(checkWidth + 3)}→ ${oneLine(todo, 400)}`];
}
