import { isObject, type Json } from '../../domain/json.ts';
import { limits } from '../../domain/limits.ts';
import type { AgentDriver, AgentProfile } from '../../ports/agent.ts';
import { isDeeper, memberAt, parsed, textAt } from '../shape.ts';
import {
  readCancelRequest,
  readControlRequest,
  readControlResponse,
  refuseRequest,
} from './control.ts';
import { encodeCommand, openingLines } from './encode.ts';
import { ignoredTypes } from './ignored.ts';
import { claudeMemoryFiles } from './memory-files.ts';
import { readAssistant, readUser } from './messages.ts';
import { readMirror } from './mirror.ts';
import { claudeProgram, type ClaudeOptions } from './program.ts';
import { claudeProbe } from './probe.ts';
import { readResult } from './result.ts';
import { settingFiles } from './settings.ts';
import { initialState, loadedState, Reading, storedState } from './state.ts';
import { readStream } from './stream.ts';
import { readSystem } from './system.ts';
import { readTranscriptLine } from './transcript.ts';

const profile: AgentProfile = {
  name: 'claude',
  title: 'Claude Code',
  protocol: 'stream-json',
  steer: true,
  resume: true,
  activityIsEvidence: false,
  deduplicatesPrompts: true,
  editsInput: true,
  hearsDenials: true,
  costsLater: true,
  images: true,
  fork: true,
  settings: [
    'model',
    'mode',
    'effort',
    'instructions',
    'tools',
    'maxTurns',
    'mcpServers',
    'env',
    'additionalDirs',
  ],
  live: ['model', 'mode', 'effort'],
  mcpSecrets: true,
  install: 'npm install -g @anthropic-ai/claude-code',
};

/** Claude Code by its own stream of JSON lines, as decode and encode. */
export function claudeAgent(options: ClaudeOptions): AgentDriver {
  return {
    profile,
    decoderVersion: 7,
    program: (spec) => claudeProgram(options, spec),
    files: settingFiles,
    initial: (spec) => storedState(initialState(spec)),
    open: openingLines,
    decode: (state, line) => {
      const reading = new Reading(loadedState(state), line);
      readLine(reading);
      return { state: storedState(reading.state), events: reading.events };
    },
    encode: (state, command) => encodeCommand(loadedState(state), command),
    probe: claudeProbe(options),
    memory: { read: readTranscriptLine },
    memoryFiles: claudeMemoryFiles(options),
  };
}

type Reader = (reading: Reading, line: Json) => void;

const readers: { readonly [type: string]: Reader } = {
  assistant: readAssistant,
  command_lifecycle: readLifecycle,
  control_cancel_request: readCancelRequest,
  control_request: readControlRequest,
  control_response: readControlResponse,
  result: readResult,
  stream_event: readStream,
  system: readSystem,
  user: readUser,
};

function readLine(reading: Reading): void {
  const line = parsed(reading.line.text);
  if (line === undefined) return reading.unrecognized('not JSON');
  if (!isObject(line)) return reading.unrecognized('JSON, but not an object');
  const type = textAt(line, 'type') ?? '';
  // Kept as text, however deep it is.
  if (type === 'transcript_mirror') return readMirror(reading, line);
  if (isDeeper(line, limits.jsonDepth)) {
    reading.unrecognized('JSON that is nested too deeply');
    // Unanswered it would be waited for.
    if (type === 'control_request') refuseRequest(reading, line, 'nested too deeply');
    return;
  }
  if (Object.hasOwn(readers, type)) return readers[type]!(reading, line);
  if (Object.hasOwn(ignoredTypes, type)) return;
  reading.unrecognized(`a line of an unknown type: ${type.slice(0, 80)}`);
}

/**
 * `command_lifecycle`: of what became of a prompt, only a cancel has no other sign. One that was echoed is in
 * the conversation all the same; one that was not never will be.
 */
function readLifecycle(reading: Reading, line: Json): void {
  if (memberAt(line, 'state') !== 'cancelled') return;
  const native = textAt(line, 'command_uuid');
  const { prompts, turn } = reading.state;
  const sent = prompts.find((known) => known.native === native);
  reading.changeTurn({ cancelled: true });
  if (sent === undefined) return;
  reading.change({ prompts: prompts.filter((known) => known !== sent) });
  reading.changeTurn({ run: turn.run ?? sent.run });
  reading.emit({ type: 'prompt_dropped', prompt: sent.prompt });
}
