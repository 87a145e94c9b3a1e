import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { knownAgents } from '../../scripts/docs/agents-table.ts';
import { cells } from '../agents/contract/cells.ts';
import { dialects } from '../agents/contract/dialects.ts';
import { realAgents } from '../agents/real-agents.ts';
import { wireDrivers } from './wire-drivers.ts';

const root = path.join(import.meta.dirname, '../..');
const names = knownAgents.map(({ profile }) => profile.name);
/** Has no program of somebody else's. */
const ours = 'scripted';

test('every agent is in the contract: its wire, its real program, and notes of what it does', () => {
  expect(wireDrivers.flatMap(({ agents }) => Object.keys(agents)).toSorted()).toEqual(
    names.toSorted(),
  );
  const foreign = names.filter((name) => name !== ours).toSorted();
  expect(Object.keys(dialects).toSorted()).toEqual(foreign);
  expect(Object.keys(realAgents).toSorted()).toEqual(foreign);
  for (const name of foreign) {
    expect([name, dialects[name as keyof typeof dialects].agent]).toEqual([name, name]);
    const file = path.join(root, 'test/agents/contract', `${name}.test.ts`);
    expect([name, existsSync(file)]).toEqual([name, true]);
  }
  for (const name of names) {
    const notes = path.join(root, 'src/agents', name, 'README.md');
    expect([name, existsSync(notes)]).toEqual([name, true]);
  }
});

test('what an agent cannot do has a reason, and agrees with its profile', () => {
  for (const { cannot, agent } of Object.values(dialects)) {
    for (const [cell, { because }] of Object.entries(cannot)) {
      expect([agent, cell, cell in cells]).toEqual([agent, cell, true]);
      expect(because.length).toBeGreaterThan(8);
    }
    const { profile } = knownAgents.find((known) => known.profile.name === agent)!;
    expect([agent, 'steer' in cannot]).toEqual([agent, !profile.steer]);
    expect([agent, 'resume' in cannot]).toEqual([agent, !profile.resume]);
    const takesServers = profile.settings.includes('mcpServers');
    expect([agent, 'trustedServer' in cannot]).toEqual([agent, !takesServers]);
  }
});
