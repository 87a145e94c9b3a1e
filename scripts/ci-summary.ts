// What the steps of CI came to, from the files that they left in a directory, with the count as the last
// line: `N.json` of tests, `N.failed` with the name and the last lines of a step, `N.passed`.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { joined, nothing, type Report, summary } from './ci/report.ts';

const [directory = '.'] = process.argv.slice(2);

function reportIn(name: string): Report {
  const text = readFileSync(path.join(directory, name), 'utf8');
  switch (path.extname(name)) {
    case '.json':
      return JSON.parse(text) as Report;
    case '.passed':
      return { ...nothing, passed: 1 };
    case '.failed': {
      const [step = '', ...last] = text.trimEnd().split('\n');
      return { ...nothing, failed: [{ name: step, message: last.join('\n') }] };
    }
    default:
      return nothing;
  }
}

const names = readdirSync(directory).toSorted((a, b) => Number.parseInt(a) - Number.parseInt(b));
const whole = joined(names.map(reportIn));
process.stdout.write(summary(whole));
writeFileSync(path.join(directory, 'counted'), '');
process.exitCode = whole.failed.length === 0 && whole.passed > 0 ? 0 : 1;
