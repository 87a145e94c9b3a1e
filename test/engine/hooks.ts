import type { Json } from '../../src/domain/json.ts';
import type { CommitHooks, CommitQuestion, CommitVerdict } from '../../src/ports/hooks.ts';

export const canary = 'kanarienvogel-7411';

/** A hook in memory, of the directories at and below `/work`; keeps what it was asked. */
export function hookOf(rule: (question: CommitQuestion) => CommitVerdict): {
  hooks: CommitHooks;
  asked: CommitQuestion[];
} {
  const asked: CommitQuestion[] = [];
  const hook = {
    ask: async (question: CommitQuestion) => {
      asked.push(question);
      return rule(question);
    },
  };
  const of = async (directories: readonly string[]) =>
    directories.some((one) => one === '/work' || one.startsWith('/work/')) ? hook : null;
  return { hooks: { of }, asked };
}

/** Replaces the canary wherever it stands. */
export function redacting({ data }: CommitQuestion): CommitVerdict {
  const text = JSON.stringify(data);
  if (!text.includes(canary)) return { action: 'keep' };
  return { action: 'redact', data: JSON.parse(text.replaceAll(canary, 'XXX')) as Json };
}

/** Withholds what has the canary in it. */
export function withholding({ data }: CommitQuestion): CommitVerdict {
  return JSON.stringify(data).includes(canary)
    ? { action: 'withhold', reason: 'a bird' }
    : { action: 'keep' };
}
