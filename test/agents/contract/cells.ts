// What is asked of every agent, with the real program. What one of them cannot do stands in its dialect, with
// the reason.

export const cells = {
  prompt: 'P1 R10: a prompt is delivered once and answered, and it is known by what',
  context: 'how full its context is is told',
  stream: 'V4: its text is seen token by token, and its thoughts stand beside it',
  usage: 'U1: what a turn took is told, as the service counted it',
  cost: 'U1: what each turn cost is told once',
  write: 'A1: a file that is allowed is written, and its approval shows it',
  command: 'A1: a command that is allowed runs, and is in its approval',
  output: 'what a command prints is in the log',
  deny: 'A1: a file that is denied is not written, and the next prompt is answered',
  goesOn: 'A1: a command that is denied does not run, the model is told, and the turn goes on',
  policy: 'A4: what the policy allows is not asked about',
  question: 'A1: a question of the model is a form, and the answer reaches the model',
  server: 'an MCP server of the session is started, and its tool is used and asked about',
  trustedServer:
    'an MCP server of a session in a trusted directory is started, and its tool is used',
  abortStream:
    'R4: an abort in the middle of a text ends the turn, and the next prompt is answered in the same host',
  abortCommand:
    'R4 R5: an abort in the middle of a command leaves nothing of it running, nor of what it started',
  abortApproval: 'A3 R4: an abort withdraws an open question, and what was asked does not happen',
  queue: 'P2: three prompts that wait are answered one after another, each in a run, in one host',
  steer: 'P2: a steered prompt goes into the running turn',
  refused: 'R3: a model that refuses the key fails the run as auth',
  limited: 'R3: a model that is asked too often fails the run as limit',
  broken: 'R3: a model service that fails fails the run as service',
  overloaded: 'R3: a model service with too much to do fails the run as service',
  wrong: 'R3: a request that the model does not take fails the run as request',
  tooLong: 'R3: an answer that is cut off at its length fails the run as limit',
  retried: 'L1: a text whose connection broke once goes on where it was, in one entry',
  dropped:
    'R3: a stream that breaks off at each attempt fails the run as connection, and its text is kept',
  resume: 'R10: a session whose host was stopped is resumed with all that was said',
  killAgent:
    'P3 R1: an agent that is killed ends its run and leaves nothing, and the next prompt finds all that was said',
  killDaemon:
    'R7 L1 V4: a log is the same whether the daemon is killed in the middle of a text or not, and the host goes on',
  killApproval:
    'R7 A2: a log is the same whether the daemon is killed with an approval open or not',
  directory: 'S8: what a directory that is not trusted brings along is neither run nor read',
  trusted: 'S8: what a trusted directory brings along is used',
} as const;

export type Cell = keyof typeof cells;
