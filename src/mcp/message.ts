import { z } from 'zod';

/** Messages of the Model Context Protocol as far as a server with tools alone has to know them. */

const requestId = z.union([z.string(), z.int()]);
const meta = z.looseObject({ progressToken: requestId.optional() });
const params = z.looseObject({ _meta: meta.optional() });

/** A request, or without an id a notification. */
export const incoming = z.object({
  jsonrpc: z.literal('2.0'),
  id: requestId.optional(),
  method: z.string(),
  params: params.optional(),
});
/** Nothing is asked of the client, so what it answers is nothing to us. */
export const response = z.object({
  jsonrpc: z.literal('2.0'),
  id: requestId,
  method: z.never().optional(),
});

export type RequestId = z.output<typeof requestId>;
export type Incoming = z.output<typeof incoming>;
export type Meta = z.output<typeof meta>;

export const initializeParams = z.looseObject({ protocolVersion: z.string() });
export const callParams = z.looseObject({
  name: z.string(),
  arguments: z.record(z.string(), z.unknown()).default({}),
  _meta: meta.optional(),
});
export const cancelledParams = z.looseObject({ requestId });

/** Versions whose part that is used here is the same; the first is offered where another is asked for. */
export const versions = ['2025-11-25', '2025-06-18', '2024-11-05'] as const;

export const errorCode = {
  notJson: -32700,
  invalid: -32600,
  unknownMethod: -32601,
  badParams: -32602,
} as const;

/** What a tool answers. */
export interface ToolResult {
  content: readonly { type: 'text'; text: string }[];
  isError?: true;
}

export function textResult(text: string): ToolResult {
  return { content: [{ type: 'text', text }] };
}
