import type { ReactNode } from 'react';
import type { Entry, EntryOf } from 'turnkeep/client';
import type { Item } from '../state/timeline.ts';
import { oneLine } from '../text/harmless.ts';
import { duration } from '../text/time.ts';

/** Something that happened to the session: one line. */
export function NoteItem({ item }: { item: Item }): ReactNode {
  const [entry] = item.entries;
  if (entry === undefined) return null;
  return <p className={`note ${entry.kind}`}>{noteOf(entry)}</p>;
}

function noteOf(entry: Entry): string {
  switch (entry.kind) {
    case 'abort':
      return abortText(entry.data);
    case 'queue':
      return entry.data.change === 'held' ? 'the queue is held' : `the queue: ${entry.data.change}`;
    case 'settings':
      return `changed: ${Object.keys(entry.data.changes).join(', ')}`;
    case 'host':
      return `the agent's host: ${oneLine(entry.data.error?.message ?? entry.data.state, 400)}`;
    case 'reset':
      return 'a new conversation';
    case 'compaction':
      return compactionText(entry.data);
    case 'fork':
      return 'forked from another session here';
    case 'deletion':
      return entry.data.state;
    case 'restore':
      return entry.data.state === 'begun' ? 'putting files back' : 'files were put back';
    case 'owner':
      return `written by: ${entry.data.state}`;
    case 'stall':
      return entry.data.state === 'heard'
        ? 'the agent goes on'
        : `the agent has said nothing for ${duration(entry.data.silentMs)}`;
    case 'notice':
      return oneLine(entry.data.text, 600);
    case 'unrecognized':
      return `${entry.data.count} lines were not understood: ${oneLine(entry.data.reason, 300)}`;
    case 'external':
      return `from outside: ${oneLine(entry.data.type ?? 'an entry', 100)}`;
    default:
      return entry.kind;
  }
}

function abortText({ force, reason }: EntryOf<'abort'>['data']): string {
  const why = reason === 'budget' ? ': its budget is spent' : '';
  return `${force ? 'killing what is left of the run' : 'stopping the run'}${why}`;
}

/** The agent goes on with a part of the log, which may begin far above. */
function compactionText({ keep, keepSeq, summary }: EntryOf<'compaction'>['data']): string {
  const before = keep === null ? 'this' : `entry ${keepSeq}`;
  const text = `compacted: the agent need not remember what is before ${before}`;
  return summary === undefined ? text : `${text}; it is told: ${oneLine(summary, 600)}`;
}
