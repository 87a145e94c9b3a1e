import type { Move } from '../domain/move.ts';
import type { OutputOf } from '../protocol/operations.ts';

type View = OutputOf<'moves.list'>['moves'][number];

export function moveView({ stays, error, ...rest }: Move): View {
  const { secrets, directories } = stays;
  return {
    ...rest,
    error: error === null ? null : { ...error },
    stays: { ...stays, secrets: [...secrets], directories: [...directories] },
  };
}
