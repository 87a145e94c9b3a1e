import type { InputOf, OperationName } from '../protocol/operations.ts';

/** An input of each operation that people are likely to try first. */
export const examples: { readonly [Name in OperationName]?: InputOf<Name> } = {
  'sessions.create': { agent: 'scripted', cwd: '/home/me/project', prompt: 'Say hello.' },
  'sessions.send': { session: 'agent:scripted:main', content: 'Go on.', delivery: 'queue' },
  'sessions.list': { status: ['working', 'waiting'], limit: 20 },
  'sessions.history': { session: 'agent:scripted:main', after: 0, limit: 100 },
  'sessions.abort': { session: 'agent:scripted:main', wait: true },
  'sessions.export': { session: 'agent:scripted:main', format: 'turnkeep' },
  'approvals.decide': {
    session: 'agent:scripted:main',
    approval: '01m7zdja9j0004',
    verdict: 'allow',
  },
  'tokens.create': { name: 'phone', scopes: ['view', 'approve'] },
};
