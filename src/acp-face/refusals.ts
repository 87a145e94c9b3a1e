import { RequestError } from '@agentclientprotocol/sdk/unstable';
import type { RunFailure } from '../domain/entry.ts';
import { type Refusal, type RefusalCode, RefusalError } from '../domain/refusal.ts';
import { rpcCode } from '../protocol/error.ts';

/** Numbers of the protocol's own, where they mean something else than on our other faces. */
const errorCode: Record<RefusalCode, number> = {
  ...rpcCode,
  unauthenticated: -32_000,
  forbidden: -32_001,
  not_found: -32_002,
};

/** The refusal as an error of the protocol: its code, field and data lie in `data`. */
export function requestError({ code, message, field, data }: Refusal): RequestError {
  return new RequestError(errorCode[code], message, {
    code,
    ...(field === undefined ? {} : { field }),
    ...data,
  });
}

/** What a run that failed is to the editor that asked for it. An agent that must be logged in says so in its own words. */
export function failedRun(failure: RunFailure): RequestError {
  const { category, message, status } = failure;
  const code = category === 'auth' ? errorCode.unauthenticated : errorCode.internal;
  return new RequestError(code, message, { category, ...(status === undefined ? {} : { status }) });
}

/** Runs a handler; what it refuses reaches the editor as a refusal, never as an internal error. */
export async function answering<Answer>(work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof RefusalError ? requestError(error.refusal) : error;
  }
}
