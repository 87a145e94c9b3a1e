import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { expect } from 'vitest';
import type { Talk } from '../../app/talk.ts';
import { script } from '../model-script.ts';
import { checked, isThere } from '../place.ts';
import type { Scenario, World } from './world.ts';

const mcpServer = path.join(import.meta.dirname, '../../fixtures/agents/mcp-server.mjs');

/** Tools, what is asked about them, and what the model asks itself. */
export const tools = {
  write: async (world) => {
    const talk = await world.session();
    const file = path.join(talk.cwd, 'note');
    await talk.send(script(world.dialect.write(file, 'written\n'), '!next', '!say done'));
    const approval = await world.asked(talk, 'approval');
    expect(await isThere(file)).toBe(false);
    expect(approval.data.toolCall?.kind).toBe('edit');
    const shown = JSON.stringify(approval.data.toolCall);
    expect(shown).toContain(file);
    expect(shown).toContain('written');
    await talk.decide(approval.id, 'allow');
    expect((await world.end(talk)).data.outcome).toBe('completed');
    expect((await readFile(file, 'utf8')).trim()).toBe('written');
    const state = talk.of('tool_call').findLast(({ data }) => data.kind === 'edit');
    expect(state?.data.status).toBe('completed');
    await checked(talk);
  },

  command: async (world) => {
    const talk = await world.session();
    const command = 'touch made && echo the output';
    await talk.send(script(world.dialect.bash(command), '!next', '!say ran'));
    const approval = await world.asked(talk, 'approval');
    expect(approval.data.toolCall?.kind).toBe('execute');
    expect(approval.data.title).toContain(command);
    expect(await isThere(path.join(talk.cwd, 'made'))).toBe(false);
    await talk.decide(approval.id, 'allow');
    expect((await world.end(talk)).data.outcome).toBe('completed');
    expect(await isThere(path.join(talk.cwd, 'made'))).toBe(true);
    expect(talk.of('tool_call').at(-1)?.data).toMatchObject({
      kind: 'execute',
      status: 'completed',
    });
    await checked(talk);
  },

  output: async (world) => {
    const talk = await world.session();
    await talk.send(
      script(world.dialect.bash('touch made && echo the output'), '!next', '!say ran'),
    );
    await world.allow(talk);
    await world.end(talk);
    const last = talk.of('tool_call').at(-1)?.data;
    expect(JSON.stringify([last?.output, last?.content])).toContain('the output');
  },

  deny: async (world) => {
    const talk = await world.session();
    const file = path.join(talk.cwd, 'secret');
    await talk.send(script(world.dialect.write(file, 'no'), '!next', '!say so not'));
    expect((await denied(world, talk)).outcome).toBe('denied');
    expect((await world.end(talk)).data.outcome).toBe('completed');
    expect(await isThere(file)).toBe(false);
    expect(talk.of('tool_call').at(-1)?.data.status).toMatch(/^(?:failed|cancelled)$/);
    await talk.send('!say and again');
    expect((await world.end(talk, 2)).data.outcome).toBe('completed');
    await checked(talk);
  },

  goesOn: async (world) => {
    const talk = await world.session();
    await talk.send(script(world.dialect.bash('touch never'), '!next', '!say so not'));
    await denied(world, talk);
    expect((await world.end(talk)).data.outcome).toBe('completed');
    expect(await isThere(path.join(talk.cwd, 'never'))).toBe(false);
    // The model says it after the result of its tool.
    expect(talk.texts('message')).toEqual(['so not']);
    await checked(talk);
  },

  policy: async (world) => {
    const talk = await world.session();
    const rules = [{ effect: 'allow', command: 'touch ruled' } as const];
    await world.place.client.policy.set({ directory: talk.cwd, rules });
    await talk.send(script(world.dialect.bash('touch ruled'), '!next', '!say done'));
    expect((await world.end(talk)).data.outcome).toBe('completed');
    expect(await isThere(path.join(talk.cwd, 'ruled'))).toBe(true);
    await checked(talk);
  },

  question: async (world) => {
    const talk = await world.session();
    const ask = world.dialect.ask('Which colour?', ['Red', 'Blue']);
    await talk.send(script(ask, '!next', '!say thank you'));
    const question = await world.asked(talk, 'question');
    expect(question.data.message).toContain('Which colour?');
    expect(JSON.stringify(question.data.schema)).toContain('"Red","Blue"');
    const { session } = talk;
    await world.place.client.approvals.decide({ session, approval: question.id, answer: 'Blue' });
    expect((await world.end(talk)).data.outcome).toBe('completed');
    expect(talk.texts('message').at(-1)).toBe('thank you');
    expect(world.results()).toContain('Blue');
    await checked(talk);
  },

  server: (world) => usesServer(world),

  trustedServer: async (world) => usesServer(world, await world.trustedDirectory('served')),
} satisfies { [name: string]: Scenario };

async function denied(world: World, talk: Talk): ReturnType<Talk['decide']> {
  return talk.decide((await world.asked(talk, 'approval')).id, 'deny');
}

/** What the tool of the server says. */
const digest = createHash('sha256').update('').digest('hex');

async function usesServer(world: World, cwd?: string): Promise<void> {
  const { useServer } = world.dialect;
  const server = { name: 'test', command: process.execPath, args: [mcpServer] };
  const talk = await world.session({
    ...(cwd === undefined ? {} : { cwd }),
    mcpServers: [{ type: 'stdio', ...server }],
  });
  await talk.send(script(useServer('test', 'digest'), '!next', '!say used'));
  await world.allow(talk);
  expect((await world.end(talk)).data.outcome).toBe('completed');
  const last = talk.of('tool_call').at(-1)?.data;
  expect(last?.status).toBe('completed');
  expect(world.results()).toContain(digest);
  await checked(talk);
}
