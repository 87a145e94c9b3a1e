import type { Appended, AskOutside, Command, Send } from '../domain/command.ts';
import { contentText, type Entry } from '../domain/entry.ts';
import { canonicalJson } from '../domain/json.ts';
import { refuse } from '../domain/refusal.ts';
import { KnownLines } from './known-lines.ts';
import { type Letter, samePrompt } from './mailbox.ts';

export interface KnownLog {
  entryOf: (id: string) => Promise<Entry | undefined>;
  /** An entry that is only about to be stored. */
  here: (id: string) => Entry | undefined;
  /** What is stored may not be what was sent: the same id is the same thing. */
  withholds: boolean;
}

/** What of a command is in the log already: the seqs of its entries, and what is left to be decided. */
export interface KnownPart {
  seqs: ReadonlyMap<string, number>;
  rest: Command | null;
}

/**
 * Finds entries that a command names by ids of its own (L3): the same id with the same content was stored
 * before, with another it is refused. `inBatch` are ids that are only about to be stored.
 */
export async function knownPart(
  letter: Letter,
  inBatch: InBatch,
  log: KnownLog,
): Promise<KnownPart> {
  const { command, ownId } = letter;
  if (ownId && command.type === 'send') return knownPrompt(command, inBatch, log);
  if (command.type === 'ask_outside') return knownQuestion(command, inBatch, log);
  if (command.type === 'append') return knownEntries(command, inBatch, log);
  if (command.type === 'append_lines') {
    const { seqs, rest } = await KnownLines.of(command, log);
    return { seqs, rest: rest.length === 0 ? null : { ...command, lines: rest } };
  }
  return { seqs: new Map(), rest: command };
}

/** Ids that are only about to be stored: of prompts with what they say, of other entries with null. */
type InBatch = ReadonlyMap<string, Send | null>;

async function knownPrompt(command: Send, inBatch: InBatch, log: KnownLog): Promise<KnownPart> {
  const first = inBatch.get(command.id);
  if (first !== undefined) {
    if (first === null || !samePrompt(first, command)) throw reused('id');
    return { seqs: new Map(), rest: null };
  }
  const entry = await log.entryOf(command.id);
  if (entry === undefined) return { seqs: new Map(), rest: command };
  const same = entry.kind === 'prompt' && (log.withholds || samePrompt(entry.data, command));
  if (!same) throw reused('id', entry.seq);
  return { seqs: new Map([[command.id, entry.seq]]), rest: null };
}

/** A question from outside that is asked again, be it decided by now or not. */
async function knownQuestion(
  command: AskOutside,
  inBatch: InBatch,
  log: KnownLog,
): Promise<KnownPart> {
  notInBatch(command.id, inBatch);
  const entry = await log.entryOf(command.id);
  if (entry === undefined) return { seqs: new Map(), rest: command };
  const same =
    entry.kind === command.ask.kind && (log.withholds || sameQuestion(entry, command.ask));
  if (!same) throw reused('id', entry.seq);
  return { seqs: new Map([[command.id, entry.seq]]), rest: null };
}

/** The policy may have come to say something else to it meanwhile. */
function sameQuestion({ kind, data }: Entry, ask: AskOutside['ask']): boolean {
  if (kind !== ask.kind || !('outside' in data) || data.outside !== true) return false;
  const asked = (one: object): string => {
    const { title, options, toolCall, message, schema } = one as { [name: string]: unknown };
    return canonicalJson({ title, options, toolCall, message, schema });
  };
  return asked(data) === asked(ask);
}

/** Only a beginning may be known: a retry of what was stored in part, never a mixture. */
async function knownEntries(
  command: Extract<Command, { type: 'append' }>,
  inBatch: InBatch,
  log: KnownLog,
): Promise<KnownPart> {
  const seqs = new Map<string, number>();
  let rest: readonly Appended[] = [];
  for (const [index, appended] of command.entries.entries()) {
    notInBatch(appended.id, inBatch);
    const entry = await log.entryOf(appended.id);
    if (entry === undefined) {
      if (rest.length === 0) rest = command.entries.slice(index);
      continue;
    }
    const same = log.withholds ? entry.kind === 'external' : sameAppended(entry, appended);
    if (rest.length > 0 || !same) throw reused('entries', entry.seq);
    seqs.set(appended.id, entry.seq);
  }
  return { seqs, rest: rest.length === 0 ? null : { ...command, entries: rest } };
}

function sameAppended(entry: Entry, { entryType, raw, parentId }: Appended): boolean {
  const data = { ...(entryType === undefined ? {} : { type: entryType }), raw };
  return (
    entry.kind === 'external' &&
    entry.parentId === parentId &&
    contentText(entry) === contentText({ kind: 'external', data })
  );
}

function notInBatch(id: string, inBatch: InBatch): void {
  if (!inBatch.has(id)) return;
  throw refuse('busy', 'The same id is being stored at this moment: ask again.', { field: 'id' });
}

function reused(field: string, seq?: number): Error {
  const message = 'That id is in the log with another content: take a new id.';
  return refuse('id_reused', message, { field, ...(seq === undefined ? {} : { data: { seq } }) });
}
