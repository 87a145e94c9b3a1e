import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { installed } from './installed.ts';

export const codexVersion = '0.169.0';

/** The real Codex. */
export async function installedCodex(): Promise<string> {
  return installed({ name: '@openai/codex', version: codexVersion, command: 'codex' });
}

/** What Codex sees of the machine: a home of its own, the scripted model, and a key that opens nothing. */
export async function codexEnvironment(
  home: string,
  model: string,
): Promise<{ [name: string]: string }> {
  const codex = path.join(home, '.codex');
  // Codex keeps no programs of its own in a home that is temporary by its path.
  const temporary = path.join(home, 'tmp');
  await mkdir(codex, { recursive: true });
  await mkdir(temporary, { recursive: true });
  await writeFile(path.join(codex, 'config.toml'), configOf(model));
  return {
    HOME: home,
    CODEX_HOME: codex,
    TMPDIR: temporary,
    PATH: `${path.dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
    SCRIPTED_KEY: 'not-a-key',
  };
}

function configOf(model: string): string {
  return [
    'model = "gpt-5.5"',
    'model_provider = "scripted"',
    'suppress_unstable_features_warning = true',
    '[model_providers.scripted]',
    'name = "scripted"',
    `base_url = "${model}/v1"`,
    'wire_api = "responses"',
    'env_key = "SCRIPTED_KEY"',
    'request_max_retries = 1',
    'stream_max_retries = 1',
    // Tools that Codex has switched off as it comes.
    '[features]',
    'default_mode_request_user_input = true',
    '[tools]',
    'update_plan = { enabled = true }',
    '',
  ].join('\n');
}
