// Scripts for the model server of test/fixtures/models, as a prompt carries them.

export const script = (...lines: readonly string[]): string => lines.join('\n');

export const call = (name: string, input: object): string =>
  `!call ${name} ${JSON.stringify(input)}`;

export const bash = (command: string): string =>
  call('Bash', { command, description: 'As scripted' });
