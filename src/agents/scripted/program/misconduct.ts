// Everything that a well-behaved agent does not do.
import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import process from 'node:process';
import type { RunningCommands } from './command.ts';
import type { Connection } from './connection.ts';
import type { Output } from './output.ts';
import type { DaemonTrait } from './script.ts';
import type { Misbehaviour } from './switches.ts';
import type { Turn } from './turn.ts';

/** A process that cannot be talked to any more ends itself after this time. */
const lifetimeMs = 300_000;

/** A stopped process cannot end itself: its child does, unless it is gone before. */
const watchdog = `
  const stopped = Number(process.argv[1]);
  let seconds = 60;
  setInterval(() => {
    if (process.ppid !== stopped) process.exit();
    if (--seconds > 0) return;
    process.kill(stopped, 'SIGKILL');
    process.exit();
  }, 1000);`;

const mebibyte = 1024 * 1024;

export interface MisconductParts {
  readonly connection: Connection;
  readonly output: Output;
  readonly commands: RunningCommands;
  readonly exit: (code: number) => Promise<never>;
}

export class Misconduct {
  ignoresCancel = false;
  ignoresTerm = false;
  readonly #parts: MisconductParts;
  #capped = false;

  constructor(parts: MisconductParts) {
    this.#parts = parts;
  }

  /** For switches: what begins with the process, or with its `initialize`. */
  beginWithProcess(name: Misbehaviour): void {
    if (name === 'ignore-cancel') this.ignoresCancel = true;
    else if (name === 'leave-command') this.#parts.commands.leave = true;
    else if (name === 'ignore-term') {
      this.ignoresTerm = true;
      this.#capLifetime();
    }
  }

  stopReading(): void {
    this.#capLifetime();
    this.#parts.connection.deafen();
  }

  /** For directives, and for switches at the start of each prompt. */
  async misbehave(name: Misbehaviour, turn: Turn): Promise<void> {
    switch (name) {
      case 'ignore-cancel':
      case 'ignore-term':
      case 'leave-command':
        this.beginWithProcess(name);
        return;
      case 'never-reads':
        this.stopReading();
        return;
      case 'two-terminals':
        turn.twoTerminals = true;
        return;
      case 'after-terminal':
        turn.afterTerminal = true;
        return;
      case 'torn-line':
        await turn.output.exclusive((write) => write('{"jsonrpc":"2.0","method":"session/upd'));
        await this.#parts.exit(0);
        return;
      case 'not-json':
        await turn.output.exclusive((write) =>
          write('Warning: this line is no JSON\n{"neither": is this\n\n[1, 2\n'),
        );
        return;
      case 'bad-utf8':
        await turn.output.exclusive((write) => write(badLine(turn)));
        return;
      case 'unknown-update':
        await turn.update({ sessionUpdate: 'hologram_update', hologram: { planes: 3 } });
        return;
      case 'unknown-request':
        await askForFile(turn);
        return;
      case 'stray-tool-update':
        await turn.update({
          sessionUpdate: 'tool_call_update',
          toolCallId: 'call_nobody_made',
          status: 'completed',
        });
        return;
      case 'close-stdout':
        this.#capLifetime();
        await turn.output.close();
        return;
      case 'stop-self':
        await turn.output.drained();
        stopUntilContinued();
        return;
    }
  }

  #capLifetime(): void {
    if (this.#capped) return;
    this.#capped = true;
    // Not unreferenced: where nothing is read any more, this timer is what keeps us alive.
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), lifetimeMs);
  }
}

/** One valid line of so many MiB of text. */
export function writeHugeLine(mebibytes: number, turn: Turn): Promise<void> {
  const [head, tail] = lineAround(turn);
  return turn.output.exclusive(async (write) => {
    await write(head);
    const text = Buffer.alloc(mebibyte, 'x');
    for (let i = 0; i < mebibytes; i++) await write(text);
    await write(tail);
  });
}

/** Valid lines of 1 KiB each, or bytes that only end in a newline when all are out. */
export async function flood(mebibytes: number, newlines: boolean, turn: Turn): Promise<void> {
  const [head, tail] = lineAround(turn);
  const line = head + 'f'.repeat(Math.max(1, 1024 - head.length - tail.length)) + tail;
  const block = newlines ? line.repeat(1024) : 'f'.repeat(mebibyte);
  await turn.output.exclusive(async (write) => {
    for (let i = 0; i < mebibytes && !turn.signal.aborted; i++) await write(block);
    if (!newlines) await write('\n');
  });
  turn.signal.throwIfAborted();
}

/** Starts a process in a session of its own that outlives us; gives its pid. */
export async function spawnDaemon(
  seconds: number,
  traits: readonly DaemonTrait[],
): Promise<string> {
  const sleep = `sleep ${seconds}`;
  // Double: its parent, the leader of the new session, is gone at once.
  const script = traits.includes('double')
    ? `${sleep} 3>&- & echo $! >&3`
    : `echo $$ >&3; exec ${sleep} 3>&-`;
  const child = spawn('/bin/sh', ['-c', script], {
    detached: true,
    stdio: ['ignore', traits.includes('stdout') ? 1 : 'ignore', 'ignore', 'pipe'],
    env: traits.includes('scrub') ? {} : process.env,
  });
  child.unref();
  let pid = '';
  for await (const bytes of child.stdio[3] as NodeJS.ReadableStream) pid += String(bytes);
  return pid.trim();
}

/** Returns when somebody has continued us. */
function stopUntilContinued(): void {
  const args = ['-e', watchdog, String(process.pid)];
  const child = spawn(process.execPath, args, { stdio: 'ignore' });
  process.kill(process.pid, 'SIGSTOP');
  child.kill();
}

async function askForFile(turn: Turn): Promise<void> {
  const answer = await turn.ask('fs/write_text_file', {
    path: `${turn.session.cwd}/uninvited.txt`,
    content: 'uninvited',
  });
  await turn.say(answer.ok ? 'The client wrote the file.' : `The client says: ${answer.message}`);
}

function badLine(turn: Turn): Buffer {
  const [head, tail] = lineAround(turn);
  const bytes = Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0xed, 0xa0, 0x80]);
  return Buffer.concat([Buffer.from(`${head}before `), bytes, Buffer.from(` after${tail}`)]);
}

/** A message chunk's line, cut where its text goes. */
function lineAround(turn: Turn): [head: string, tail: string] {
  const line = JSON.stringify({
    jsonrpc: '2.0',
    method: 'session/update',
    params: {
      sessionId: turn.session.id,
      update: {
        sessionUpdate: 'agent_message_chunk',
        content: { type: 'text', text: '\0' },
        messageId: turn.nextId('msg'),
      },
    },
  });
  const [head, tail] = line.split('\\u0000') as [string, string];
  return [head, tail + '\n'];
}
