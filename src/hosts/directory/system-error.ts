/** The code of a system error (`ENOENT`), or nothing where it is another error. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The value, or nothing where the call failed with one of the codes that mean "it is not there". */
export async function unless<Value>(
  codes: readonly string[],
  call: Promise<Value>,
): Promise<Value | undefined> {
  try {
    return await call;
  } catch (error) {
    if (codes.includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
}

export const absent: readonly string[] = ['ENOENT', 'ENOTDIR'];
