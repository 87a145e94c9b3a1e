// What the demo claims, checked on the log as it is after the kill.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { textOf } from '../../src/domain/content.ts';
import { digestText, type Entry } from '../../src/domain/entry.ts';

export interface Claim {
  holds: boolean;
  text: string;
}

export interface Evidence {
  /** The log just before the kill, and at the end. */
  before: readonly Entry[];
  after: readonly Entry[];
  /** Every text that was on the screen, by entry. */
  shown: ReadonlyMap<string, string>;
  work: string;
}

export async function prove({ before, after, shown, work }: Evidence): Promise<readonly Claim[]> {
  const kept = before.filter((entry) => after[entry.seq - 1]?.digest === entry.digest).length;
  const dense = after.every((entry, index) => entry.seq === index + 1);
  const ids = new Set(after.map((entry) => entry.id)).size;
  const digests = after.filter((entry) => entry.digest === sha256(digestText(entry))).length;
  const terminals = after.filter((entry) => entry.kind === 'run_ended');
  const deliveries = after.filter((entry) => entry.kind === 'delivery').length;
  const said = [...shown].filter(([id, text]) => sealed(after, id) === text).length;
  const letter = await readFile(join(work, 'letter.md'), 'utf8');
  const completed = terminals.length === 1 && terminals[0]!.data.outcome === 'completed';
  const claims: Claim[] = [
    claim(
      kept === before.length,
      `${kept} of ${before.length} entries from before the kill are unchanged`,
    ),
    claim(
      dense && ids === after.length,
      `${after.length} entries now, seq 1 to ${after.length} without a gap, ${ids} different ids`,
    ),
    claim(digests === after.length, `${digests} of ${after.length} digests are right`),
    claim(
      said === shown.size,
      `${said} of ${shown.size} texts that were on the screen are in the log to the letter`,
    ),
    claim(
      deliveries === 1,
      `the prompt reached the agent ${deliveries === 1 ? 'once' : `${deliveries} times`}`,
    ),
    claim(completed, `the run has ${terminals.length} end: ${terminals[0]?.data.outcome}`),
    claim(letter.includes('nothing of this was lost'), 'the file that the agent wrote is there'),
  ];
  const holds = claims.every((item) => item.holds);
  const lost = before.length - kept;
  const doubled = after.length - ids;
  const last = `Killed in mid-sentence, finished all the same: ${after.length} entries, ${lost} lost, ${doubled} doubled, 1 run, 1 end.`;
  return [...claims, claim(holds, holds ? last : 'The proof does not hold.')];
}

function claim(holds: boolean, text: string): Claim {
  return { holds, text };
}

function sealed(entries: readonly Entry[], id: string): string | null {
  const entry = entries.find((candidate) => candidate.id === id);
  return entry?.kind === 'message' || entry?.kind === 'thought' ? textOf(entry.data.content) : null;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
