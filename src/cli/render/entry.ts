import { type ContentBlock, type PlanItem, textOf } from '../../domain/content.ts';
import type { Entry, EntryOf } from '../../domain/entry.ts';
import { oneLine } from '../clean.ts';
import { renderApproval } from './approval.ts';
import { indent, type Look } from './look.ts';
import { renderMarkdown } from './markdown.ts';
import { renderPolicyChange } from './policy.ts';
import { renderQuestion } from './question.ts';
import { renderRule } from './rule.ts';
import { renderRunEnded } from './run-ended.ts';
import { renderToolCall, renderToolResult } from './tool-call.ts';

/**
 * An entry as lines for a terminal, none where a person needs not see it. The entry must be clean. Pure:
 * the same entry gives the same lines.
 */
export function renderEntry(entry: Entry, look: Look): string[] {
  const { style } = look;
  switch (entry.kind) {
    case 'prompt':
      return indent(renderBlocks(entry.data.content), style.green('> '), '  ');
    case 'delivery':
      // What was asked here was shown as it was asked.
      if (entry.about !== undefined) return [];
      return indent(renderBlocks(entry.data.content), style.green('> '), '  ');
    case 'message':
      return messageLines(entry, look);
    case 'thought':
      return renderBlocks(entry.data.content).map((line) => style.dim(style.italic(line)));
    case 'tool_call':
      return entry.about === undefined
        ? renderToolCall(entry.data, look)
        : renderToolResult(entry.data, look);
    case 'plan':
      return renderPlan(entry.data.items, look);
    case 'approval':
      return renderApproval(entry, look);
    case 'question':
      return renderQuestion(entry, look);
    case 'decision':
      // What the policy decides is told with its question.
      if (entry.data.ruling !== undefined) return [];
      return [
        style.dim(`  ${entry.data.outcome}${reason(entry.data.reason ?? entry.data.message)}`),
        ...(entry.data.remembered?.rules ?? []).map((rule) =>
          style.dim(
            `  from now on, in this ${entry.data.remembered?.level}: ${renderRule(rule, look)}`,
          ),
        ),
      ];
    case 'answer':
      return [style.dim(`  ${entry.data.outcome}${reason(entry.data.reason)}`)];
    case 'abort':
      return [style.yellow(`◼ stopping${reason(entry.data.reason)}`)];
    case 'run_ended':
      return renderRunEnded(entry.data, look);
    case 'queue':
      return [style.yellow(`◷ ${queueText[entry.data.change]}${reason(entry.data.reason)}`)];
    case 'reset':
      return [style.dim('── a new conversation ──')];
    case 'compaction':
      return [style.dim('── compacted ──')];
    case 'notice':
      return [style.yellow(`! ${oneLine(entry.data.text, 400)}`)];
    case 'stall':
      return [style.yellow(stallText(entry.data))];
    case 'unrecognized':
      return [
        style.dim(`! ${entry.data.count} lines not understood (${oneLine(entry.data.reason)})`),
      ];
    case 'fork':
      return [style.dim(`── forked from ${entry.data.session} ──`)];
    case 'deletion':
      return [style.dim(`── ${entry.data.state} ──`)];
    case 'settings':
      return renderPolicyChange(entry.data, look);
    case 'restore':
      return renderRestore(entry, look);
    case 'external':
    case 'run_started':
    case 'usage':
    case 'host':
    case 'snapshot':
    case 'native':
      return [];
    case 'owner':
      return [style.dim(`── ${ownerText(entry.data)} ──`)];
  }
}

function renderRestore({ data }: EntryOf<'restore'>, { style }: Look): string[] {
  if (data.state === 'begun') return [];
  const done = data.files.filter(({ outcome }) => outcome === 'restored').length;
  return [style.yellow(`↺ ${done === 1 ? '1 file' : `${done} files`} restored`)];
}

function ownerText({ state, to, memory, reason }: EntryOf<'owner'>['data']): string {
  switch (state) {
    case 'external':
      return 'written from outside';
    case 'moving':
      return `moving to ${to?.url ?? 'another daemon'}`;
    case 'moved':
      return `moved to ${to?.url ?? 'another daemon'}`;
    case 'host':
      return memory === 'primed' ? `goes on here, told what was: ${reason ?? ''}` : 'goes on here';
  }
}

function stallText({ state, silentMs }: EntryOf<'stall'>['data']): string {
  if (state === 'heard') return '! the agent goes on';
  return `! the agent has said nothing for ${Math.round(silentMs / 1000)} s`;
}

const queueText: Record<EntryOf<'queue'>['data']['change'], string> = {
  withdrawn: 'the prompt was withdrawn',
  indeterminate: 'the agent ended before it was certain that it had the prompt',
  requeued: 'the prompt waits again',
  held: 'the queue is held',
  released: 'the queue goes on',
  edited: 'the prompt was changed',
  moved: 'the prompt was moved in the queue',
};

function messageLines(entry: EntryOf<'message'>, look: Look): string[] {
  const { content } = entry.data;
  // Without colours Markdown is the most readable form of itself, and what programs want.
  const styled = look.colour && content.every((block) => block.type === 'text');
  const lines = styled ? renderMarkdown(textOf(content), look) : renderBlocks(content);
  return entry.data.incomplete === true ? [...lines, look.style.dim('(broken off)')] : lines;
}

/** Content blocks as plain lines. */
export function renderBlocks(content: readonly ContentBlock[]): string[] {
  return content.flatMap((block) => {
    switch (block.type) {
      case 'text':
        return block.text.replace(/\n+$/, '').split('\n');
      case 'resource_link':
        return [`[${block.name}] ${block.uri}`];
      case 'image':
      case 'audio':
        return [`[${block.type} ${block.mimeType}]`];
      case 'resource':
        return ['[resource]'];
    }
  });
}

function renderPlan(items: readonly PlanItem[], look: Look): string[] {
  const { style } = look;
  const marks = { pending: '☐', in_progress: '▸', completed: '☑' } as const;
  const lines = items.map((item) => {
    const line = `  ${marks[item.status]} ${oneLine(item.content, 200)}`;
    if (item.status === 'completed') return style.dim(line);
    return item.status === 'in_progress' ? style.bold(line) : line;
  });
  return [style.bold('Plan'), ...lines];
}

function reason(text: string | undefined): string {
  return text === undefined || text === '' || text === 'asked' ? '' : `: ${oneLine(text, 200)}`;
}
