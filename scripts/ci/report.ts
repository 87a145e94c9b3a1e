// What a run of tests came to, as a file, and what is said of it at the very end of CI.

export interface Finding {
  readonly name: string;
  readonly message: string;
}

export interface Report {
  readonly passed: number;
  readonly failed: readonly Finding[];
  /** Passed when they were tried again. */
  readonly unsteady: readonly Finding[];
}

export const nothing: Report = { passed: 0, failed: [], unsteady: [] };

interface Room {
  names: number;
  /** Of messages, beside a name each. */
  lines: number;
}

/** 120 lines of the output's end may be all that is kept. */
const room: { [Part in 'failed' | 'unsteady']: Room } = {
  failed: { names: 25, lines: 55 },
  unsteady: { names: 12, lines: 12 },
};
/** Lines of one message. */
const messageLines = 20;

export function joined(reports: readonly Report[]): Report {
  return {
    passed: reports.reduce((sum, { passed }) => sum + passed, 0),
    failed: reports.flatMap(({ failed }) => failed),
    unsteady: reports.flatMap(({ unsteady }) => unsteady),
  };
}

/** Every failed test again, and those that are unsteady; the last line is the count. */
export function summary({ passed, failed, unsteady }: Report): string {
  const lines = [
    ...section('failed', failed, room.failed),
    ...section('unsteady: passed when tried again', unsteady, room.unsteady),
  ];
  return `${[...lines, `${passed} passed, ${failed.length} failed`].join('\n')}\n`;
}

function section(
  title: string,
  findings: readonly Finding[],
  { names, lines: most }: Room,
): string[] {
  if (findings.length === 0) return [];
  const lines = [`── ${title}`];
  let left = most;
  for (const { name, message } of findings.slice(0, names)) {
    const told = message.split('\n').slice(0, Math.min(messageLines, left));
    left -= told.length;
    lines.push(name.replaceAll('\n', ' '), ...told.map((line) => `    ${line}`.trimEnd()));
  }
  const more = findings.length - names;
  return more > 0 ? [...lines, `and ${more} more`] : lines;
}
