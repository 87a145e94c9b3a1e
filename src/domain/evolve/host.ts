import type { EntryOf } from '../entry.ts';
import type { OpenRun, SessionState } from '../session-state.ts';

/** The life of the host. */
export function host(state: SessionState, entry: EntryOf<'host'>): SessionState {
  const { data } = entry;
  switch (data.state) {
    case 'launched':
      return {
        ...state,
        host: { id: data.host, phase: 'launched' },
        run: state.run && { ...state.run, launches: state.run.launches + 1 },
      };
    case 'opened':
      if (state.host?.id !== data.host) return state;
      return {
        ...state,
        host: state.host.phase === 'ending' ? state.host : { ...state.host, phase: 'open' },
        ...native(state, data.nativeId),
        run: opensFor(state) ? sendWaiting(state.run!, entry.at) : state.run,
      };
    case 'ending':
      if (state.host?.id !== data.host) return state;
      return {
        ...state,
        host: {
          ...state.host,
          phase: 'ending',
          ...(data.error === undefined ? {} : { error: data.error }),
        },
      };
    case 'ended':
      return state.host?.id === data.host ? { ...state, host: null } : state;
  }
}

/** A native session that was opened: a mark in another one is none in it, and a copy is made but once. */
function native(state: SessionState, opened: string | undefined): Partial<SessionState> {
  if (opened === undefined) return {};
  const nativeMark = opened === state.nativeId ? state.nativeMark : null;
  return { nativeId: opened, nativeMark, forkNative: null, forkMark: null };
}

/** Whether a run waits for this host to open. */
function opensFor(state: SessionState): boolean {
  return state.run?.state === 'starting' && state.host?.phase === 'launched';
}

function sendWaiting(run: OpenRun, at: string): OpenRun {
  const prompts = run.prompts.map((item) =>
    item.state === 'waiting' ? { ...item, state: 'sent' as const } : item,
  );
  return { ...run, sentAt: run.sentAt ?? at, prompts };
}
