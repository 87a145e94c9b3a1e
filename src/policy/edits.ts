import { namesOf } from './glob.ts';
import { isWithin } from '../domain/policy.ts';
import type { Ground, Place } from './place.ts';

/** Files and directories that decide what agents and tools run; in lower case. */
const keys: readonly string[] = [
  '.agents',
  '.aider.conf.yml',
  '.bash_profile',
  '.bashrc',
  '.claude',
  '.claude.json',
  '.codex',
  '.cursor',
  '.devcontainer',
  '.envrc',
  '.gemini',
  '.git',
  '.gitconfig',
  '.gitmodules',
  '.husky',
  '.idea',
  '.mcp.json',
  '.npmrc',
  '.opencode',
  '.pi',
  '.profile',
  '.ripgreprc',
  '.ssh',
  '.turnkeep',
  '.vscode',
  '.yarnrc',
  '.yarnrc.yml',
  '.zed',
  '.zprofile',
  '.zshenv',
  '.zshrc',
  'opencode.json',
  'opencode.jsonc',
];

/** The names in a path that only a rule that has them too may write to. */
export function guardedNames(path: string): string[] {
  return namesOf(path)
    .map((name) => name.toLowerCase())
    .filter((name) => keys.includes(name));
}

/**
 * Whether a file is one that a session may edit unasked where edits are accepted: below the working
 * directory, reached through no symbolic link, and in nothing that decides what is run.
 */
export function isPlainEdit(place: Place, cwd: string | null, ground: Ground): boolean {
  if (place.real === ground.root || !isWithin(place.real, ground.root)) return false;
  if (guardedNames(place.real).length > 0) return false;
  const rest = place.real.slice(ground.root === '/' ? 0 : ground.root.length);
  // The working directory itself may have been named by a link.
  return place.path === place.real || (cwd !== null && place.path === cwd + rest);
}
