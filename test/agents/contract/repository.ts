// A repository that brings along all by which it could make an agent do something that nobody asked for.
import { execFile } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';

/** What a repository has for one agent. */
export interface Brings {
  /** Files by their names. `mark` is a command that leaves a mark of this name, `url` a server of its own. */
  files: (of: { mark: (name: string) => string; url: string }) => {
    readonly [name: string]: string;
  };
  /** What belongs to a project is looked for from the root of its repository on. */
  git?: true;
  /** What the user types to have its skill used. */
  invoke: string;
  /** What is seen where all of it is used: marks and requests among others. */
  used: { marks: readonly string[]; requests: readonly RegExp[]; heard: boolean };
}

export const hookEvents: readonly string[] = [
  'SessionStart',
  'UserPromptSubmit',
  'PreToolUse',
  'PermissionRequest',
  'Stop',
];

/** A skill whose words are the repository's. */
export function skill(description: string, name = 'helpful'): string {
  return `---\nname: ${name}\ndescription: "Of the repository: ${description}"\n---\nOf the repository: ${description}\n`;
}

export class Repository {
  /** Requests to the servers that its configuration names. */
  readonly requests: string[] = [];
  readonly directory: string;
  readonly #marks: string;
  readonly #server: Server;

  private constructor(directory: string) {
    this.directory = directory;
    this.#marks = `${directory}-marks`;
    this.#server = createServer((request, response) => {
      this.requests.push(`${request.method} ${request.url}`);
      response.writeHead(404).end();
    });
  }

  /** Written into the directory; what it makes run leaves marks beside it. */
  static async write(directory: string, brings: Brings): Promise<Repository> {
    const repository = new Repository(directory);
    const server = repository.#server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await mkdir(repository.#marks, { recursive: true });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const mark = (name: string): string => `touch ${repository.#marks}/${name}`;
    for (const [name, text] of Object.entries(brings.files({ mark, url }))) {
      const file = path.join(directory, name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, text);
    }
    if (brings.git === true) await promisify(execFile)('git', ['init', '-q', directory]);
    return repository;
  }

  /** What it has made run. */
  async marks(): Promise<string[]> {
    return (await readdir(this.#marks)).toSorted();
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}
