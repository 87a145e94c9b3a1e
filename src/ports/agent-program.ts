/**
 * A text that a program gets as a file, for what no argument may hold: every process of the machine can read
 * arguments, and they have a limit. The file is in the host's directory, for the agent's user only; it goes
 * with that directory, and no archive has it.
 */
export interface AgentFile {
  /** The last arguments are of the form `option=path`. */
  option: string;
  content: string;
}

/** How to start the program. A pure function of the spec and the adapter's configuration. */
export interface AgentProgram {
  program: string;
  args: readonly string[];
  /** Added to the allow-listed environment. */
  env: { readonly [name: string]: string };
}
