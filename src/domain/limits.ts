/** Every limit of the product, in one table. A value that is passed answers with a typed refusal. */
export const limits = {
  /** Bytes of an HTTP body or WebSocket frame. */
  bodyBytes: 1024 * 1024,
  /** Bytes of one entry that is written by session ingress, and of all that come in at the same time. */
  ingressBytes: 32 * 1024 * 1024,
  ingressHeldBytes: 128 * 1024 * 1024,
  /** Lines from outside that have more bytes, alone or together, are read beside the main thread. */
  besideBytes: 128 * 1024,
  /** Events of a session in one page of session ingress. */
  teleportEvents: 1000,
  /** Nesting of JSON that clients send. */
  jsonDepth: 64,
  jsonKeys: 10_000,
  /** Bytes of an entry's inline data; more goes to a blob with a preview. */
  inlineBytes: 64 * 1024,
  /** Characters of one text or JSON value within an entry that stay inline. */
  pieceChars: 16 * 1024,
  /** Characters kept as the preview of a text in a blob. */
  previewChars: 4096,
  /** A streamed text longer than this (UTF-16 units) is sealed and continued in a new entry. */
  textChars: 1024 * 1024,
  /** Characters of a tool's live output that are kept. */
  outputChars: 64 * 1024,
  /** Characters of a run's answer in its terminal entry. */
  answerChars: 4096,
  /** Characters of a title made from the first prompt. */
  titleChars: 80,
  titleBytes: 1024,
  keyBytes: 256,
  metaBytes: 4096,
  /** Settings that an agent has to honour, all of a session's as JSON. */
  settingsBytes: 256 * 1024,
  /** Prompts that wait in one session. */
  queueItems: 200,
  /** Content blocks of one prompt. */
  contentBlocks: 100,
  /** Tool calls open at once in one run that are remembered; the oldest is closed as unknown. */
  openToolCalls: 256,
  openApprovals: 256,
  /** Sub-agents of a session whose tool calls are remembered, for lines that only name the file. */
  helpers: 64,
  /** Characters of such a file's name and its call together. */
  helperChars: 512,
  /** A batch of spool: lines and bytes. */
  batchLines: 500,
  batchBytes: 256 * 1024,
  lineBytes: 64 * 1024 * 1024,
  /** Bytes of a blob that a client puts, and of all that one prompt names: an agent gets them in one line. */
  blobBytes: 64 * 1024 * 1024,
  promptBlobBytes: 8 * 1024 * 1024,
  /** A blob that was put is kept for so long for a prompt to name it; so many bytes of all. */
  uploadMs: 24 * 60 * 60_000,
  uploadsBytes: 1024 ** 3,
  largeLineBytes: 1024 * 1024,
  /** First bytes of unrecognized input that an entry keeps. */
  unrecognizedBytes: 64 * 1024,
  /** Spool bytes that may have to be decoded again after a restart before a full snapshot is stored. */
  replayBytes: 4 * 1024 * 1024,
  /** Spool of one host: at the first it is recycled when idle, at the second its run ends. */
  spoolSoftBytes: 256 * 1024 * 1024,
  spoolHardBytes: 2 * 1024 * 1024 * 1024,
  /** Archives of hosts that have ended: kept for so long, and so many bytes of all; the oldest go first. */
  archiveMs: 30 * 24 * 60 * 60_000,
  archiveBytes: 5 * 1024 ** 3,
  /** Of one line between daemon and agent, so many bytes are shown. */
  rawLineBytes: 256 * 1024,
  /** Bytes waiting in one socket before its feeds fall back to the log, and page bytes from there. */
  socketBytes: 1024 * 1024,
  socketLowBytes: 256 * 1024,
  feedPageBytes: 64 * 1024,
  feedPageEntries: 500,
  socketAnswers: 16,
  /** Messages that a socket may send at once, and in a second after that. */
  messagesAtOnce: 2000,
  messagesPerSecond: 1000,
  /** Parts of one WebSocket message, and pieces in which one of its frames may arrive. */
  messageFragments: 1024,
  frameChunks: 16 * 1024,
  connections: 1000,
  /** Text in progress is merged to one frame in this time. */
  partialMs: 75,
  pageEntries: 1000,
  pageBytes: 1024 * 1024,
  listRows: 200,
  /** How deep sessions may descend from each other, and how many children one may have. */
  sessionDepth: 8,
  sessionChildren: 64,
  /** Descendants that a list made from inside a session goes through. */
  familySessions: 4096,
  /**
   * A command that is judged: its length, what opens in it, how many parts it has,
   * of how many words each, and how deep they lie in each other.
   */
  policyCommandChars: 10 * 1024,
  policyOpenings: 400,
  policyParts: 128,
  policyWords: 512,
  policyDepth: 16,
  /** Rules of a session, of a directory, and those that hold everywhere. */
  policyRules: 200,
  /** Characters of what one of them says of a tool, a path or a command. */
  policyRuleChars: 4096,
  /** Longest bypass. */
  bypassMs: 24 * 60 * 60_000,
  /** Times that a host is started for one run before the run fails. */
  launchTries: 3,
  /** A deleted session is kept for this long. */
  retentionMs: 30 * 86_400_000,
  /** Text that tells an agent what it does not remember, in UTF-16 units. */
  primerChars: 128 * 1024,
  /** Entries that show what one line of an agent's memory says. */
  lineShows: 1000,
  /** Entries of one append or of one piece of an import. */
  appendEntries: 500,
  /** Contents of an import that come before the entry that names them; bytes of those that a hook is to see. */
  importBlobs: 10_000,
  importHeldBytes: 64 * 1024 * 1024,
  /** An idle host is stopped after this long; its session goes on in another at the next prompt. */
  idleMs: 15 * 60_000,
  /** Times that the server goes on after a loss before a run has to complete. */
  continuations: 3,
  /** A working agent that says nothing for this long is reported as stalled. */
  stallMs: 5 * 60_000,
  /** Content of a file that is kept before and after a tool call; an option of the daemon. */
  snapshotBytes: 10 * 1024 * 1024,
  /** Files of one tool call that are looked at, and calls of a session that wait for it. */
  snapshotFiles: 100,
  snapshotCalls: 1000,
  /** Files that one restoration puts back. */
  restoreFiles: 1000,
  /** Text of a file that is compared line by line, and text of differences in one answer. */
  diffBytes: 256 * 1024,
  diffChars: 512 * 1024,
  /** Files of one answer that were looked for; names and time that one search takes at most. */
  foundFiles: 100,
  findEntries: 20_000,
  findMs: 500,
  /** Free space below which no prompt is accepted, and below which agents are paused. */
  spaceLowBytes: 1024 ** 3,
  spaceShortBytes: 256 * 1024 * 1024,
  /** A file of this size is kept for the store while space is getting scarce. */
  reserveBytes: 64 * 1024 * 1024,
  reserveBelowBytes: 4 * 1024 ** 3,
  /** How often free space is looked at, and how often while it is scarce; beside the beat of other timers. */
  spaceMs: 4100,
  spaceScarceMs: 1100,
  /** A host that is not launched by then is ended, and its launch has failed. */
  launchMs: 30_000,
  /** A probe of an agent is over by then, and what it prints in it is not more. */
  probeMs: 10_000,
  probeBytes: 1024 * 1024,
  /** A daemon that was offered a session takes it for so long. */
  ticketMs: 7 * 24 * 3_600_000,
  /** The steps of the ladder, each with its deadline. */
  cancelMs: 5000,
  terminateMs: 3000,
  killMs: 3000,
  /** A host that opens and says nothing for this long has failed. */
  openMs: 60_000,
} as const;
