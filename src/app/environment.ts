/**
 * The environment of an agent's process: an allow-list, never the daemon's own. What a driver needs for
 * its agent comes on top; the host adds its marker. A daemon that was started inside a session passes
 * nothing of that session on (`TURNKEEP_*` is not in the list).
 */
const allowed: ReadonlySet<string> = new Set([
  'HOME',
  'LANG',
  'LANGUAGE',
  'LOGNAME',
  'PATH',
  'SHELL',
  'SSH_AUTH_SOCK',
  'TMPDIR',
  'TZ',
  'USER',
]);
const allowedPrefixes = ['LC_', 'XDG_'];

export function agentEnvironment(
  own: NodeJS.ProcessEnv,
  added: { readonly [name: string]: string },
): { [name: string]: string } {
  const env: { [name: string]: string } = {};
  for (const [name, value] of Object.entries(own)) {
    if (value === undefined) continue;
    if (allowed.has(name) || allowedPrefixes.some((prefix) => name.startsWith(prefix)))
      env[name] = value;
  }
  return { ...env, ...added };
}
