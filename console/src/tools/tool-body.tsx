import type { ReactNode } from 'react';
import { type ToolProps, viewOf } from './registry.ts';
import './tools.css';

export function ToolBody(props: ToolProps): ReactNode {
  const { Body } = viewOf(props.call, props.nested !== undefined);
  return (
    <div className="tool-body">
      <Body {...props} />
    </div>
  );
}
