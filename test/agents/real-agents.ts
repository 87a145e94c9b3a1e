// How the agents that are tested as they are get installed and started: pinned, with a home of their own, the
// scripted model of `url`, and keys that open nothing.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cliEnvironment, installedCli } from './cli.ts';
import { codexEnvironment, installedCodex } from './codex-cli.ts';
import { installed, type Pinned } from './installed.ts';

/** What a daemon's options have for this agent. */
interface How {
  program: string;
  env: { [name: string]: string };
  /** pi itself, where `program` is its adapter. */
  pi?: string;
}

export const realAgents = {
  claude: async (home: string, url: string): Promise<How> => ({
    program: await installedCli(),
    env: cliEnvironment(home, url),
  }),
  codex: async (home: string, url: string): Promise<How> => ({
    program: await installedCodex(),
    env: await codexEnvironment(home, url),
  }),
  pi: async (home: string, url: string): Promise<How> => {
    const program = await installed(pinned.pi);
    const models = [{ id: 'scripted', reasoning: true, cost: price, contextWindow: 200_000 }];
    const service = { baseUrl: `${url}/v1`, api: 'openai-completions', apiKey: 'no', models };
    const directory = path.join(home, '.pi/agent');
    await write(path.join(directory, 'models.json'), { providers: { scripted: service } });
    await write(path.join(directory, 'settings.json'), {
      defaultProvider: 'scripted',
      defaultModel: 'scripted',
      retry: { maxRetries: 1, baseDelayMs: 50 },
    });
    return { program, pi: path.join(path.dirname(program), 'pi'), env: environment(home) };
  },
  opencode: async (home: string, url: string): Promise<How> => {
    const program = await installed(pinned.opencode);
    const models = {
      scripted: {
        name: 'Scripted',
        tool_call: true,
        limit: { context: 200_000, output: 8192 },
        cost: { input: 1, output: 5 },
      },
    };
    const options = { baseURL: `${url}/v1`, apiKey: 'no' };
    const service = { npm: '@ai-sdk/openai-compatible', name: 'Scripted', options, models };
    await write(path.join(home, '.config/opencode/opencode.json'), {
      model: 'scripted/scripted',
      small_model: 'scripted/scripted',
      enabled_providers: ['scripted'],
      share: 'disabled',
      provider: { scripted: service },
    });
    const quiet = {
      OPENCODE_DISABLE_MODELS_FETCH: '1',
      OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
      OPENCODE_DISABLE_DEFAULT_PLUGINS: '1',
      // Where it looks for packages of plugins: nothing is there.
      NPM_CONFIG_REGISTRY: url,
    };
    return { program, env: { ...environment(home), ...quiet } };
  },
  gemini: async (home: string, url: string): Promise<How> => {
    const program = await installed(pinned.gemini);
    await write(path.join(home, '.gemini/settings.json'), {
      security: { auth: { selectedType: 'gemini-api-key' } },
      general: { enableAutoUpdate: false, enableAutoUpdateNotification: false },
      privacy: { usageStatisticsEnabled: false },
      telemetry: { enabled: false },
      model: { name: 'gemini-2.5-pro' },
    });
    const service = { GEMINI_API_KEY: 'no', GOOGLE_GEMINI_BASE_URL: url };
    return { program, env: { ...environment(home), ...service } };
  },
} as const;

export type RealAgent = keyof typeof realAgents;

const price = { input: 1, output: 5, cacheRead: 0.1, cacheWrite: 1 };

export const pinned = {
  gemini: { name: '@google/gemini-cli', version: '0.61.0', command: 'gemini' },
  opencode: { name: 'opencode-ai', version: '1.18.33', command: 'opencode' },
  pi: {
    name: 'pi-acp',
    version: '0.0.34',
    command: 'pi-acp',
    beside: ['@earendil-works/pi-coding-agent@0.87.1'],
  },
} satisfies { [agent: string]: Pinned };

function environment(home: string): { [name: string]: string } {
  return {
    HOME: home,
    // What it puts into the folder for temporary files goes with its home.
    TMPDIR: home,
    PATH: `${path.dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
  };
}

async function write(file: string, value: object): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify(value));
}
