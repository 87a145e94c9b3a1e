import type { Tokens } from '../../../src/domain/usage.ts';
import type { RealAgent } from '../real-agents.ts';
import type { Cell } from './cells.ts';
import type { Brings } from './repository.ts';

/** In what an agent differs for the contract: how its model is scripted, and what it cannot do. Data alone. */
export interface Dialect {
  agent: RealAgent;
  /** Lines of a script in which the model calls its tools. */
  write: (file: string, content: string) => string;
  bash: (command: string) => string;
  /** A tool of an MCP server, without arguments. */
  useServer: (server: string, tool: string) => string;
  /** The tool with which the model asks the user to choose. */
  ask: (question: string, choices: readonly string[]) => string;
  /** What it tells of the tokens that the service has counted. */
  tokens: (counted: Tokens) => Partial<Tokens>;
  /** The model in force. */
  model: RegExp;
  /** The same prompt leads to the same entries in the same order each time. */
  steady: boolean;
  cannot: { readonly [C in Cell]?: Failure };
  /** What has to be so before a conversation can be opened again, in the agent's home. */
  settled?: (home: string) => Promise<void>;
  brings: Brings;
}

/** Why a cell fails, and how that shows: another failure is none that was expected. */
export interface Failure {
  because: string;
  shows: RegExp;
  /** It never comes to an end: that is not waited for long. */
  endless?: true;
}
