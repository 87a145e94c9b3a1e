import { installed } from './installed.ts';

export const cliVersion = '2.1.329';

/** The real Claude Code. */
export async function installedCli(): Promise<string> {
  return installed({ name: '@anthropic-ai/claude-code', version: cliVersion, command: 'claude' });
}

/** What a CLI sees of the machine: a home of its own, the scripted model, and a key that opens nothing. */
export function cliEnvironment(home: string, model: string): { [name: string]: string } {
  return {
    HOME: home,
    // What it puts into the folder for temporary files goes with its home.
    TMPDIR: home,
    CLAUDE_CODE_TMPDIR: home,
    PATH: '/usr/local/bin:/usr/bin:/bin',
    ANTHROPIC_API_KEY: 'not-a-key',
    ANTHROPIC_BASE_URL: model,
    CLAUDE_CODE_MAX_RETRIES: '2',
  };
}
