import type { OpenSpec } from '../../ports/agent.ts';
import { unmetServers } from './mcp.ts';
import type {
  AskForApproval,
  SandboxMode,
  SandboxPolicy,
  ThreadSettings,
  ThreadSettingsUpdateParams,
} from './protocol.ts';
import type { Unmet } from './wish.ts';
import { isPath } from '../shape.ts';

/** What a mode is in Codex's own words: when it asks, and where its commands may write until it does. */
interface Mode {
  name: string;
  approval: AskForApproval;
  sandbox: SandboxMode;
}

/** Modes that ask. What goes further would let Codex act unseen, which is for our policy to decide. */
export const modes = {
  untrusted: { name: 'Ask', approval: 'untrusted', sandbox: 'workspace-write' },
  auto: {
    name: 'Work in the directory, ask beyond it',
    approval: 'on-request',
    sandbox: 'workspace-write',
  },
  'read-only': { name: 'Read, ask beyond it', approval: 'on-request', sandbox: 'read-only' },
} as const satisfies { readonly [mode: string]: Mode };
export type ModeName = keyof typeof modes;

/** The mode of a session that wants none: each command and each change is asked about. */
export const usualMode: ModeName = 'untrusted';

export const efforts = ['minimal', 'low', 'medium', 'high', 'xhigh', 'max', 'ultra'] as const;

const modelPattern = /^[A-Za-z0-9][A-Za-z0-9._:/@[\]-]{0,127}$/;

/** Whether Codex may be told of this value, at the start or while it is open. */
export function passes(setting: 'model' | 'mode' | 'effort', value: string): boolean {
  switch (setting) {
    case 'model':
      return modelPattern.test(value);
    case 'mode':
      return isMode(value);
    case 'effort':
      return efforts.some((effort) => effort === value);
  }
}

function isMode(value: string): value is ModeName {
  return Object.hasOwn(modes, value);
}

function modeOf(value: string | null): Mode {
  return modes[value !== null && isMode(value) ? value : usualMode];
}

/** The mode that Codex has, by its own words; null where it is none of ours. */
export function modeNamed(
  approval: string | undefined,
  sandbox: string | undefined,
): ModeName | null {
  const plain = sandbox?.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  for (const name of Object.keys(modes) as ModeName[]) {
    if (modes[name].approval === approval && modes[name].sandbox === plain) return name;
  }
  return null;
}

/** With what a thread is opened. `hidden` are skills of the directory that it is not to have. */
export function threadSettings(spec: OpenSpec, hidden: readonly string[]): ThreadSettings {
  const { model, effort, cwd, additionalDirs, instructions } = spec;
  const { approval, sandbox } = modeOf(spec.mode);
  const { replace, append } = instructions ?? {};
  return {
    ...(model !== null && passes('model', model) ? { model } : {}),
    cwd,
    runtimeWorkspaceRoots: [cwd, ...additionalDirs.filter(isPath)],
    approvalPolicy: approval,
    // Nobody else decides in the place of our policy.
    approvalsReviewer: 'user',
    sandbox,
    config: {
      ...(effort !== null && passes('effort', effort) ? { model_reasoning_effort: effort } : {}),
      ...(hidden.length === 0
        ? {}
        : { skills: { config: hidden.map((path) => ({ path, enabled: false })) } }),
    },
    ...(replace === undefined ? {} : { baseInstructions: replace }),
    ...(append === undefined ? {} : { developerInstructions: append }),
  };
}

/** A change of one setting while the thread is open; it holds from the next turn on. */
export function settingChange(
  { cwd, additionalDirs }: Pick<OpenSpec, 'cwd' | 'additionalDirs'>,
  setting: 'model' | 'mode' | 'effort',
  value: string,
): Omit<ThreadSettingsUpdateParams, 'threadId'> {
  switch (setting) {
    case 'model':
      return { model: value };
    case 'effort':
      return { effort: value };
    case 'mode': {
      const { approval, sandbox } = modeOf(value);
      const roots = additionalDirs.filter(isPath).filter((directory) => directory !== cwd);
      return {
        approvalPolicy: approval,
        approvalsReviewer: 'user',
        sandboxPolicy: policyOf(sandbox, roots),
      };
    }
  }
}

function policyOf(sandbox: SandboxMode, writableRoots: readonly string[]): SandboxPolicy {
  if (sandbox === 'read-only') return { type: 'readOnly', networkAccess: false };
  return {
    type: 'workspaceWrite',
    writableRoots,
    networkAccess: false,
    excludeTmpdirEnvVar: false,
    excludeSlashTmp: false,
  };
}

/** What of the settings Codex is not told, or cannot do as it is meant. */
export function unmetOf(spec: OpenSpec): readonly Unmet[] {
  const { model, mode, effort } = spec;
  return [
    ...(model === null ? [] : unmet('model', model)),
    ...(mode === null ? [] : unmet('mode', mode)),
    ...(effort === null ? [] : unmet('effort', effort)),
    ...unmetServers(spec.mcpServers),
    ...spec.additionalDirs.filter((directory) => !isPath(directory)).map(unmetDirectory),
  ];
}

const reasons = {
  model: (value: string) => `This is no name of a model: ${value}`,
  mode: (value: string) => `Codex is not told of the mode ${value}, in which it may not ask.`,
  effort: (value: string) => `Codex knows no effort ${value}; it knows ${efforts.join(', ')}.`,
} as const;

/** Nothing where the value is passed on. */
export function unmet(setting: keyof typeof reasons, value: string): readonly Unmet[] {
  if (passes(setting, value)) return [];
  return [{ code: `${setting}-not-set`, text: reasons[setting](value.slice(0, 200)) }];
}

function unmetDirectory(directory: string): Unmet {
  const text = `This is no absolute path of a directory: ${directory.slice(0, 200)}`;
  return { code: 'directory-not-added', text };
}
