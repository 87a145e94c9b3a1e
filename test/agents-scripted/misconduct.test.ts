import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { isAlive, Program, textOf, until, updatesOf } from './program.ts';

const fixture = (name: string) =>
  readFileSync(path.join(import.meta.dirname, '../fixtures/agents', name), 'utf8');

test('ignore-cancel never answers a cancel', async () => {
  const program = await new Program(['--misbehave', 'ignore-cancel']).open();
  const id = program.startPrompt('[[pace 0]] [[sleep 80]] [[say on]]');
  program.cancel();
  expect((await program.response(id)).result.stopReason).toBe('end_turn');
  expect(textOf(updatesOf(program.messages))).toBe('on');
});

test('two-terminals answers a prompt twice, in this turn only', async () => {
  const program = await new Program().open();
  const { response } = await program.prompt(fixture('two-terminals.txt'));
  await program.prompt('[[say two]]');
  const responses = program.messages.filter(({ id }) => id === response.id);
  expect(responses).toHaveLength(2);
  expect(program.messages.filter(({ result }) => result?.stopReason)).toHaveLength(3);
});

test('after-terminal goes on after the response', async () => {
  const program = await new Program().open();
  const { response } = await program.prompt(fixture('after-terminal.txt'));
  const late = await program.seen(({ params }) =>
    /after the end/.test(params?.update?.content?.text),
  );
  expect(program.messages.indexOf(late)).toBeGreaterThan(program.messages.indexOf(response));
});

test('torn-line ends in the middle of a line', async () => {
  const program = await new Program().open();
  program.startPrompt('[[misbehave torn-line]]');
  expect(await program.ended()).toEqual([0, null]);
  expect(program.stdout.toString()).toBe('{"jsonrpc":"2.0","method":"session/upd');
});

test('not-json and bad-utf8 put lines among the others', async () => {
  const program = await new Program().open();
  const { updates } = await program.prompt(
    '[[misbehave not-json]] [[misbehave bad-utf8]] [[say on]]',
  );
  expect(program.noise).toHaveLength(4);
  expect(textOf(updates)).toMatch(/^before \uFFFD+\(\uFFFD+ afteron$/);
});

test('a switch misbehaves at every prompt', async () => {
  const program = await new Program(['--misbehave', 'not-json']).open();
  await program.prompt('[[say a]]');
  await program.prompt('[[say b]]');
  expect(program.noise).toHaveLength(8);
});

test('unknown-update and stray-tool-update send what no client can place', async () => {
  const program = await new Program().open();
  const { updates } = await program.prompt(
    '[[misbehave unknown-update]] [[misbehave stray-tool-update]]',
  );
  expect(updates[0].sessionUpdate).toBe('hologram_update');
  expect(updates[1]).toMatchObject({ toolCallId: 'call_nobody_made' });
});

test('unknown-request asks for a file to be written and waits for the answer', async () => {
  const program = await new Program().open();
  const id = program.startPrompt('[[pace 0]] [[misbehave unknown-request]]');
  const asked = await program.next('fs/write_text_file');
  program.write({ id: asked.id, error: { code: -32601, message: 'no such method' } });
  await program.response(id);
  expect(textOf(updatesOf(program.messages))).toBe('The client says: no such method');
});

test('hugeline is one line, flood is many or none', async () => {
  const program = await new Program().open();
  const { updates } = await program.prompt('[[hugeline 3]]');
  expect(updates[0].content.text).toHaveLength(3 * 1024 * 1024);
  const { updates: many } = await program.prompt('[[flood 2]]');
  expect(many.slice(0, -1)).toHaveLength(2048);
  expect(program.noise).toHaveLength(0);
  const { response } = await program.prompt('[[flood 2|no-newlines]]');
  expect(response.result.stopReason).toBe('end_turn');
  expect(program.noise[0]).toHaveLength(2 * 1024 * 1024);
});

test('ignore-term outlives SIGTERM, SIGINT and SIGHUP', async () => {
  const program = await new Program(['--misbehave', 'ignore-term']).open();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) program.child.kill(signal);
  expect(textOf((await program.prompt('[[say alive]]')).updates)).toBe('alive');
});

test('never-reads falls deaf after initialize, even to the end of stdin', async () => {
  const program = new Program(['--misbehave', 'never-reads']);
  await program.request('initialize', { protocolVersion: 1 });
  program.start('session/new', { cwd: '/', mcpServers: [] });
  program.child.stdin.end();
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(program.messages).toHaveLength(1);
  expect(isAlive(program.child.pid!)).toBe(true);
});

test('close-stdout closes it and lives', async () => {
  const program = await new Program().open();
  program.startPrompt('[[misbehave close-stdout]] [[say nobody hears this]]');
  await new Promise((resolve) => program.child.stdout.once('end', resolve));
  expect(isAlive(program.child.pid!)).toBe(true);
  program.child.stdin.end();
  expect(await program.ended()).toEqual([0, null]);
});

test('stop-self stops until it is continued', async () => {
  const program = await new Program().open();
  const { pid } = program.child;
  const id = program.startPrompt('[[pace 0]] [[misbehave stop-self]] [[say back]]');
  await until(() => stateOf(pid!) === 'T');
  program.child.kill('SIGCONT');
  await program.response(id);
  expect(textOf(updatesOf(program.messages))).toBe('back');
});

test('leave-command leaves a command alive when it is cancelled', async () => {
  const program = await new Program(['--misbehave', 'leave-command']).open();
  const id = program.startPrompt('[[run echo $$; exec sleep 30]]');
  const { params } = await program.seen(
    ({ params: sent }) => sent?.update?.content?.[0]?.content?.text !== undefined,
  );
  const pid = Number(params.update.content[0].content.text);
  onTestFinished(() => endIfAlive(pid));
  program.cancel();
  expect((await program.response(id)).result.stopReason).toBe('cancelled');
  expect(isAlive(pid)).toBe(true);
});

test.for([
  { traits: '', leads: true, scrubbed: false, holds: false },
  { traits: 'scrub', leads: true, scrubbed: true, holds: false },
  { traits: 'double stdout', leads: false, scrubbed: false, holds: true },
  { traits: 'double scrub', leads: false, scrubbed: true, holds: false },
])('a daemon outlives the agent in another session: $traits', async (expected) => {
  const program = await new Program().open();
  const { updates } = await program.prompt(`[[spawn daemon 30 ${expected.traits}]]`);
  const daemon = Number(/Started daemon (\d+)/.exec(textOf(updates))?.[1]);
  onTestFinished(() => endIfAlive(daemon));

  // The line says so before `sleep` has replaced the shell.
  await until(() => readFileSync(`/proc/${daemon}/comm`, 'utf8') === 'sleep\n');
  const session = sessionOf(daemon);
  expect(session).not.toBe(sessionOf(program.child.pid!));
  expect(session === daemon).toBe(expected.leads);
  const environment = readFileSync(`/proc/${daemon}/environ`, 'utf8');
  expect(environment.includes('PATH=/') && environment.includes('HOME=')).toBe(!expected.scrubbed);

  program.child.stdin.end();
  await new Promise((resolve) => program.child.once('exit', resolve));
  expect(isAlive(daemon)).toBe(true);
  if (!expected.holds) return;
  expect(program.child.stdout.readableEnded).toBe(false);
  endIfAlive(daemon);
  await program.ended();
});

function endIfAlive(pid: number): void {
  if (isAlive(pid)) process.kill(pid, 'SIGKILL');
}

/** Fields of /proc/PID/stat behind the name: state, parent, group, session. */
function fieldsOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function stateOf(pid: number): string | undefined {
  return fieldsOf(pid)[0];
}

function sessionOf(pid: number): number {
  return Number(fieldsOf(pid)[3]);
}
