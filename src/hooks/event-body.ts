import type { Entry } from '../domain/entry.ts';
import { type EventKind, eventOf } from '../domain/event.ts';
import type { SessionState } from '../domain/session-state.ts';

/** What a hook is told of an event; docs/hooks.md says what each member is. Nothing of what was said or asked is in it. */
export interface EventBody {
  id: string;
  event: string;
  at: string;
  session: {
    id: string;
    key: string | null;
    agent: string;
    cwd: string;
    title: string | null;
  } | null;
  seq?: number;
  approval?: { id: string; kind: 'approval' | 'question'; tool?: string; outcome?: string };
  run?: { id: string; outcome?: string; category?: string; durationMs?: number };
}

const titleChars = 80;

type Facts = Pick<SessionState, 'key' | 'agent' | 'cwd' | 'title' | 'titleFrom'>;

/** Null for an entry of which nobody is told. */
export function eventBody(
  session: string,
  facts: Facts,
  entry: Entry,
): { kind: EventKind; body: EventBody } | null {
  const happening = eventOf(entry, entry.seq === 1);
  if (happening === null) return null;
  const { event: kind, what } = happening;
  const { key, agent, cwd } = facts;
  const body: EventBody = {
    // The same one each time that it is told.
    id: `${session}.${entry.seq}`,
    event: `${kind}.${what}`,
    at: entry.at,
    session: { id: session, key, agent, cwd, title: titleOf(facts) },
    seq: entry.seq,
    ...(kind === 'approval' ? approvalPart(entry) : {}),
    ...(entry.runId === undefined ? {} : runPart(entry, entry.runId)),
  };
  return { kind, body };
}

/** One that was made of the first prompt is what somebody said. */
function titleOf({ title, titleFrom }: Facts): string | null {
  return title === null || titleFrom === 'prompt' ? null : title.slice(0, titleChars);
}

function approvalPart(entry: Entry): Pick<EventBody, 'approval'> {
  switch (entry.kind) {
    case 'approval': {
      const tool = entry.data.toolCall?.kind;
      const more = tool === undefined ? {} : { tool };
      return { approval: { id: entry.id, kind: 'approval', ...more } };
    }
    case 'question':
      return { approval: { id: entry.id, kind: 'question' } };
    case 'decision':
    case 'answer': {
      const kind = entry.kind === 'decision' ? 'approval' : 'question';
      return { approval: { id: entry.about ?? '', kind, outcome: entry.data.outcome } };
    }
    default:
      return {};
  }
}

function runPart(entry: Entry, id: string): Pick<EventBody, 'run'> {
  if (entry.kind !== 'run_ended') return { run: { id } };
  const { outcome, error, durationMs } = entry.data;
  const category = error === undefined ? {} : { category: error.category };
  return { run: { id, outcome, ...category, durationMs } };
}
