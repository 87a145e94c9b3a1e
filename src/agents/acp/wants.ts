import { isObject, type Json, type JsonObject } from '../../domain/json.ts';
import type { Wanted } from '../../domain/policy.ts';
import { listAt, memberAt } from '../shape.ts';
import { pathsIn, wanders } from './wanted-path.ts';
import type { OpenCall } from './state.ts';

/** Members of a command's input that change nothing of what it does, as agents name them. */
const harmless: ReadonlySet<string> = new Set([
  'background',
  'callid',
  'command',
  'cwd',
  'description',
  'directory',
  'dirpath',
  'explanation',
  'isbackground',
  'itemid',
  'reason',
  'runinbackground',
  'threadid',
  'timeout',
  'timeoutms',
  'timeoutseconds',
  'turnid',
  'workdir',
  'workingdirectory',
]);
const directories = ['cwd', 'workdir', 'working_directory', 'workingDirectory'];

/** Modes in which an agent asks because nothing is to be done, not because nothing allows it yet. */
const idleModes: ReadonlySet<string> = new Set(['plan', 'read-only']);

const shell = /^(?:\/[\w./-]*\/)?(?:sh|bash|dash|zsh)$/;

/**
 * What a permission request is about, for the policy. Undefined where that is not certain, so that a person is
 * asked. Title and text are the model's words and count for nothing; where the agent says that it works, what
 * its input names and what its diffs change are taken together, so that none of them hides another.
 */
export function wantedBy(
  { toolCall, kindTold, lost }: OpenCall,
  mode: string | null,
): Wanted | undefined {
  const { kind, input } = toolCall;
  const tool = toolCall.name ?? null;
  if (!kindTold || lost.length > 0 || (mode !== null && idleModes.has(mode))) return undefined;
  // A plan, or another way to work, is a person's to choose.
  if (kind === 'switch_mode') return undefined;
  if (kind === 'execute') return wantedCommand(toolCall, tool);
  if (isObject(input) && namesCommand(input)) return undefined;
  if (kind === 'other' && tool === null) return undefined;
  const locations = locationsOf(toolCall);
  if (locations === undefined) return undefined;
  const onFiles = kind === 'read' || kind === 'search' || changes.has(kind);
  if (onFiles && locations.length === 0) return undefined;
  return { tool, kind, command: null, locations, cwd: null };
}

const changes: ReadonlySet<string> = new Set(['edit', 'delete', 'move']);

type Call = OpenCall['toolCall'];

function wantedCommand({ input, content }: Call, tool: string | null): Wanted | undefined {
  if (!isObject(input) || (content ?? []).some(({ type }) => type === 'diff')) return undefined;
  if (!Object.keys(input).every((key) => harmless.has(plainKey(key)))) return undefined;
  const command = commandOf(memberAt(input, 'command') ?? null);
  if (command === undefined) return undefined;
  return { tool, kind: 'execute', command, locations: [], cwd: directoryOf(input) };
}

/** A list is taken where it can only be a shell with its text: others may be several commands. */
function commandOf(command: Json): string | undefined {
  if (typeof command === 'string') return command;
  if (!Array.isArray(command) || command.length !== 3) return undefined;
  const [program, option, text] = command;
  if (typeof program !== 'string' || typeof option !== 'string' || typeof text !== 'string') {
    return undefined;
  }
  if (!shell.test(program) || (option !== '-c' && option !== '-lc')) return undefined;
  return `${program} ${option} '${text.replaceAll("'", "'\\''")}'`;
}

/** Where it starts; null where that is not said once and for certain. */
function directoryOf(input: JsonObject): string | null {
  const told = Object.keys(input).filter((key) => /cwd|dir/.test(plainKey(key)));
  const [key] = told;
  if (key === undefined || told.length > 1 || !directories.includes(key)) return null;
  const path = input[key];
  return typeof path === 'string' && path.startsWith('/') ? path : null;
}

function namesCommand(input: JsonObject): boolean {
  return Object.keys(input).some((key) =>
    /^(?:command|commands|cmd|script|argv)$/.test(plainKey(key)),
  );
}

function plainKey(key: string): string {
  return key.replaceAll(/[_-]/g, '').toLowerCase();
}

/** Every file that the call is about, or undefined where one of them is not known for certain. */
function locationsOf({ kind, input, content, locations }: Call): string[] | undefined {
  const diffs = (content ?? []).flatMap((item) => (item.type === 'diff' ? [item.path] : []));
  // What only reads changes nothing.
  if (diffs.length > 0 && (kind === 'read' || kind === 'search')) return undefined;
  const named = pathsIn(input ?? null, diffs.length > 0);
  if (named === undefined) return undefined;
  if (kind === 'search' && searches(input ?? null).some(wanders)) return undefined;
  const all = [...(locations ?? []).map(({ path }) => path), ...diffs, ...named];
  return all.every((path) => path.startsWith('/')) ? [...new Set(all)] : undefined;
}

function searches(input: Json): string[] {
  const told = ['pattern', 'glob', 'include'].flatMap((key) => [
    memberAt(input, key) ?? null,
    ...(listAt(input, key) ?? []),
  ]);
  return told.filter((value) => typeof value === 'string');
}
