import type { ReactNode } from 'react';
import { exact } from '../text/harmless.ts';
import { duration } from '../text/time.ts';
import { useOutput } from '../views/session/session-context.ts';
import { Coloured } from '../text/code.tsx';
import { commandOf, exitOf, textAt } from './facts.ts';
import { Result, Terminal } from './result.tsx';
import type { ToolProps, ToolView } from './registry.ts';

/** A command: all of it, what it printed in its colours, and with what it ended. */
export const executeTool: ToolView = {
  verb: () => 'Run',
  title: ({ input }) => commandOf(input),
  open: ({ status }) => status === 'in_progress' || status === 'failed',
  Note: ({ call, entries }) => <Ending call={call} entries={entries} />,
  Body: Execute,
};

/** The output so far while the command runs, then what the agent says that it was. */
function Execute({ call }: ToolProps): ReactNode {
  const streamed = useOutput(call.call);
  const command = commandOf(call.input);
  const about = textAt(call.input, 'description');
  const running = call.status === 'in_progress' || call.status === 'pending';
  return (
    <>
      {about !== undefined && <p className="about">{exact(about)}</p>}
      {command !== undefined && <Command text={command} />}
      {streamed === '' ? (
        (!running || call.content !== undefined) && <Result call={call} as={{ type: 'terminal' }} />
      ) : (
        <Terminal text={streamed} live />
      )}
    </>
  );
}

/** The command that is run, to the letter. */
export function Command({ text }: { text: string }): ReactNode {
  return (
    <div className="command">
      <Coloured text={exact(text)} language="bash" label="command" />
    </div>
  );
}

function Ending({ call, entries }: ToolProps): ReactNode {
  const exit = exitOf(call.output);
  const signal = textAt(call.output, 'signal');
  const took = tookOf({ call, entries });
  return (
    <>
      {took !== null && <span className="tool-note">{took}</span>}
      {signal !== undefined && <span className="tool-exit bad">{exact(signal.slice(0, 20))}</span>}
      {exit !== undefined && (
        <span className={`tool-exit ${exit === 0 ? 'good' : 'bad'}`}>exit {exit}</span>
      )}
    </>
  );
}

/** How long it took, where that is worth a word. */
function tookOf({ call, entries }: ToolProps): string | null {
  const [first] = entries;
  const last = entries.at(-1);
  if (first === undefined || last === undefined || call.status === 'in_progress') return null;
  const ms = Date.parse(last.at) - Date.parse(first.at);
  return ms < 1000 ? null : duration(ms);
}
