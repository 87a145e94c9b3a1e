import type { ContentBlock, ToolCall, ToolKind } from '../../domain/content.ts';
import { preview } from '../../domain/externalise.ts';
import { isObject, type Json } from '../../domain/json.ts';
import { noTokens, type UsageReport } from '../../domain/usage.ts';
import { listOf, memberOf, numberOr, textOr } from './format.ts';

/** What a pi message says, in blocks as ours; what we have no block for is left out. */
export function blocksOf(content: Json | undefined): ContentBlock[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return listOf(content).flatMap((block): ContentBlock[] => {
    const type = memberOf(block, 'type');
    if (type === 'text') return [{ type: 'text', text: textOr(memberOf(block, 'text'), '') }];
    if (type !== 'image') return [];
    const data = textOr(memberOf(block, 'data'), '');
    return [{ type: 'image', mimeType: textOr(memberOf(block, 'mimeType'), 'image/png'), data }];
  });
}

const kinds: { readonly [tool: string]: ToolKind } = {
  read: 'read',
  bash: 'execute',
  edit: 'edit',
  write: 'edit',
  grep: 'search',
  find: 'search',
  ls: 'search',
};

/** The first state of a tool call. */
export function toolCallOf(block: Json): ToolCall {
  const name = textOr(memberOf(block, 'name'), 'tool');
  const input = memberOf(block, 'arguments');
  const told = ['command', 'path', 'file_path', 'pattern', 'query'].map((key) =>
    memberOf(input, key),
  );
  const subject = told.find((value) => typeof value === 'string');
  return {
    call: textOr(memberOf(block, 'id'), ''),
    name,
    title: subject === undefined ? name : `${name}: ${preview(subject as string)}`,
    kind: kinds[name] ?? 'other',
    status: 'in_progress',
    ...(input === undefined ? {} : { input }),
  };
}

/** Its last state, as a result tells it. */
export function toolResultOf(message: Json, first: ToolCall | undefined): ToolCall {
  const name = textOr(memberOf(message, 'toolName'), first?.name ?? 'tool');
  const content = blocksOf(memberOf(message, 'content'));
  return {
    call: textOr(memberOf(message, 'toolCallId'), ''),
    name,
    title: first?.title ?? name,
    kind: first?.kind ?? kinds[name] ?? 'other',
    status: memberOf(message, 'isError') === true ? 'failed' : 'completed',
    content: content.map((block) => ({ type: 'content', content: block })),
  };
}

/** What a message of the assistant has used. */
export function usageOf(key: string, message: Json): UsageReport | null {
  const usage = memberOf(message, 'usage');
  if (!isObject(usage)) return null;
  const count = (name: string): number => numberOr(usage[name], 0);
  const tokens = {
    ...noTokens,
    input: count('input'),
    output: count('output'),
    cacheRead: count('cacheRead'),
    cacheWrite: count('cacheWrite'),
  };
  const total = numberOr(memberOf(usage['cost'], 'total'), null);
  const model = textOr(memberOf(message, 'model'), null);
  return {
    key,
    tokens,
    ...(model === null ? {} : { model }),
    ...(total === null ? {} : { cost: { amount: total, currency: 'USD' } }),
  };
}
