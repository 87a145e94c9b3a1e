import type { ReactNode } from 'react';
import { type ToolProps, toolViews } from './registry.ts';
import './tools.css';

export function ToolBody(props: ToolProps): ReactNode {
  const { Body } = toolViews[props.call.kind];
  return (
    <div className="tool-body">
      <Body {...props} />
    </div>
  );
}
