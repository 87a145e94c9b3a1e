import { RefusalError, type Refusal } from '../domain/refusal.ts';

/**
 * An output that is JSON text already, put together from texts as the store keeps them: a page of a
 * thousand entries is neither parsed nor written again.
 */
export class JsonText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }

  /** An object; members are given as JSON texts, those without one are left out. */
  static object(members: { readonly [name: string]: string }): JsonText {
    const parts = Object.entries(members).map(([name, text]) => `${JSON.stringify(name)}:${text}`);
    return new JsonText(`{${parts.join(',')}}`);
  }
}

export function arrayText(texts: readonly string[]): string {
  return `[${texts.join(',')}]`;
}

export function answerText(output: unknown): string {
  return output instanceof JsonText ? output.text : JSON.stringify(output);
}

/** A refusal with an HTTP status of its own, where HTTP has a better one than the code's. */
export class HttpRefusal extends RefusalError {
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  constructor(status: number, refusal: Refusal, headers: { readonly [name: string]: string } = {}) {
    super(refusal);
    this.name = 'HttpRefusal';
    this.status = status;
    this.headers = headers;
  }
}

/** What the caller is told of any error; undefined for one that is the server's own fault. */
export function refusalIn(error: unknown): Refusal | undefined {
  return error instanceof RefusalError ? error.refusal : undefined;
}

/**
 * Says nothing of the cause, which may name paths and secrets; the log has it under the request's
 * id.
 */
export function internalRefusal(request: string): Refusal {
  return {
    code: 'internal',
    message: `Something failed in the server. Its log has the cause under ${request}.`,
    data: { request },
  };
}
