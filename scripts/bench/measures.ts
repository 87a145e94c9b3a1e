import { appends } from './appends.ts';
import { consoleTimes } from './console.ts';
import { crowd } from './crowd.ts';
import { ingress } from './ingress.ts';
import { latency } from './latency.ts';
import { many } from './many.ts';
import { million } from './million.ts';
import { paused } from './paused.ts';
import { replay } from './replay.ts';
import type { Measure } from './result.ts';
import { starts } from './starts.ts';
import { tails } from './tails.ts';
import { transfer } from './transfer.ts';
import { wire } from './wire.ts';

/** Every measure by its name, in the order in which they are made. */
export const measures: Readonly<Record<string, Measure>> = {
  appends,
  ingress,
  latency,
  wire,
  starts,
  many,
  tails,
  million,
  replay,
  paused,
  transfer,
  crowd,
  console: consoleTimes,
};
