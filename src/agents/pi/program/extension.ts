/**
 * Loaded by pi itself, in pi's own process. pi asks nobody before it does something, and its adapter tells
 * neither why a model failed nor what it took: all of that is told here, by the two ways that the adapter
 * passes on, questions and notices.
 */

interface ToolCallEvent {
  toolName: string;
  toolCallId: string;
  input: { [member: string]: unknown };
}

interface MessageEvent {
  message: {
    role: string;
    model?: string;
    stopReason?: string;
    errorMessage?: string;
    usage?: {
      input: number;
      output: number;
      cacheRead: number;
      cacheWrite: number;
      reasoning?: number;
      cost: { total: number };
    };
  };
}

interface Context {
  cwd: string;
  ui: {
    confirm(title: string, message: string): Promise<boolean>;
    notify(message: string, level: 'info' | 'error'): void;
  };
}

interface Pi {
  on(
    event: 'tool_call',
    handler: (
      event: ToolCallEvent,
      context: Context,
    ) => Promise<{ block: true; reason: string } | undefined>,
  ): void;
  on(event: 'message_end', handler: (event: MessageEvent, context: Context) => void): void;
}

const prefix = 'turnkeep:';

/** Tools that change nothing. Whatever else there is is asked about, also tools of other extensions. */
const reading: ReadonlySet<string> = new Set(['read', 'grep', 'find', 'ls']);

const kinds: { readonly [tool: string]: string } = { bash: 'execute', edit: 'edit', write: 'edit' };

function titleOf(tool: string, { command }: ToolCallEvent['input']): string {
  return tool === 'bash' && typeof command === 'string' ? command : tool;
}

export default function turnkeep(pi: Pi): void {
  pi.on('tool_call', async ({ toolName, toolCallId, input }, context) => {
    if (reading.has(toolName)) return undefined;
    const asked = {
      toolCallId,
      name: toolName,
      title: titleOf(toolName, input),
      kind: kinds[toolName] ?? 'other',
      rawInput: input,
    };
    if (await context.ui.confirm(prefix, JSON.stringify(asked))) return undefined;
    return { block: true, reason: 'The user did not allow this.' };
  });

  pi.on('message_end', ({ message }, context) => {
    if (message.role !== 'assistant') return;
    const { model, stopReason, errorMessage, usage } = message;
    const failure = stopReason === 'error' ? (errorMessage ?? 'The model failed.') : undefined;
    const { reasoning: thought = 0, cost } = usage ?? {};
    const told = {
      model,
      failure,
      usage: usage && { ...usage, output: usage.output - thought, thought, cost: cost?.total },
    };
    context.ui.notify(prefix + JSON.stringify(told), 'info');
  });
}
