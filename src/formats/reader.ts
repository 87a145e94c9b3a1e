import { isObject } from '../domain/json.ts';
import { refuse } from '../domain/refusal.ts';
import type { FormatPorts, LogReader } from './format.ts';
import type { Line } from './lines.ts';
import { PiReader, type PiTarget } from './pi/read.ts';
import { TurnkeepReader } from './turnkeep/read.ts';

export type LogFormat = 'turnkeep' | 'pi';

/** A reader of the format that the first line is of; refused where that is another than the asked one. */
export function readerOf(
  first: Line,
  asked: { format: LogFormat | undefined; pi: PiTarget },
  ports: FormatPorts,
): LogReader {
  const format = formatOf(first);
  if (format === null) {
    throw refuse('invalid', `Line ${first.number}: This is the first line of no known format.`, {
      data: { line: first.number },
    });
  }
  if (asked.format !== undefined && asked.format !== format) {
    throw refuse('invalid', `The file has the format ${format}.`, { field: 'format' });
  }
  return format === 'pi' ? new PiReader(first, asked.pi, ports) : new TurnkeepReader(first, ports);
}

function formatOf({ bytes }: Line): LogFormat | null {
  const value = parsed(bytes);
  if (!isObject(value)) return null;
  if (value['type'] === 'header' && value['format'] === 'turnkeep') return 'turnkeep';
  return value['type'] === 'session' && typeof value['id'] === 'string' ? 'pi' : null;
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
