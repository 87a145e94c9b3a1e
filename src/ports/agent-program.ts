/** How to start the program. A pure function of the spec and the adapter's configuration. */
export interface AgentProgram {
  program: string;
  args: readonly string[];
  /** Added to the allow-listed environment. */
  env: { readonly [name: string]: string };
}
