import type { Failure } from './dialect.ts';

/** Holds where what is done fails in the way that is expected; not where it has begun to pass. */
export async function failsAs(
  { because, shows }: Failure,
  run: () => Promise<void>,
): Promise<void> {
  const failed = await run().then(
    () => null,
    (error: unknown) => ({ error }),
  );
  if (failed === null) throw new Error(`it passes now, though it cannot: ${because}`);
  const { error } = failed;
  const message = error instanceof Error ? error.message : String(error);
  if (shows.test(message)) return;
  throw new Error(`it fails otherwise than expected (${because}): ${message}`, { cause: error });
}
