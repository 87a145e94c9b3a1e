import type { ReactNode } from 'react';
import { exact } from '../text/harmless.ts';
import { pathOf } from './facts.ts';
import { Result } from './result.tsx';
import type { ToolProps, ToolView } from './registry.ts';

/** Files that go, or go elsewhere. */
export const moveTool: ToolView = {
  verb: ({ kind }) => (kind === 'delete' ? 'Delete' : 'Move'),
  title: pathOf,
  open: ({ status }) => status === 'failed',
  Body: Move,
};

function Move({ call }: ToolProps): ReactNode {
  return (
    <>
      <ul className="places">
        {(call.locations ?? []).slice(0, 200).map(({ path }, at) => (
          <li key={at}>
            <bdi>{exact(path)}</bdi>
          </li>
        ))}
      </ul>
      <Result call={call} as={{ type: 'plain' }} />
    </>
  );
}
