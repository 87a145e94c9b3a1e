import type { RunEnded } from '../../domain/entry.ts';
import { oneLine } from '../clean.ts';
import type { Look } from './look.ts';
import { renderDuration, renderMoney, renderTokens } from './measure.ts';

/** The last line of a run: how it ended, how long it took, what it used. */
export function renderRunEnded(ended: RunEnded, look: Look): string[] {
  const { style } = look;
  const good = ended.outcome === 'completed';
  const parts = [
    outcomeText(ended),
    renderDuration(ended.durationMs),
    renderTokens(ended.usage.tokens),
    ...(ended.usage.cost === null ? [] : [renderMoney(ended.usage.cost)]),
  ];
  const line = `${good ? '✓' : '✗'} ${parts.join(' · ')}`;
  const error = ended.error;
  if (error === undefined) return [good ? style.dim(line) : style.yellow(line)];
  const status = error.status === undefined ? '' : ` ${error.status}`;
  return [
    style.red(line),
    style.red(`  ${error.category}${status}: ${oneLine(error.message, 400)}`),
  ];
}

/** The agent's own word is added where it says more than the outcome. */
function outcomeText({ outcome, stopReason }: RunEnded): string {
  const plain = stopReason === undefined || stopReason === 'end_turn' || stopReason === outcome;
  return plain ? outcome : `${outcome} (${oneLine(stopReason)})`;
}
