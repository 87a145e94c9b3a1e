import type { Context as HonoContext, Hono } from 'hono';
import { limits } from '../../domain/limits.ts';
import { refuse, RefusalError } from '../../domain/refusal.ts';
import { organization } from '../../protocol/schema.ts';
import { HttpRefusal } from '../answer.ts';
import { type Caller, demandScope } from '../caller.ts';
import type { Calls } from '../calls.ts';
import { sendPieces } from '../download.ts';
import type { NodePair } from '../node-pair.ts';
import { sees } from '../reach.ts';
import { ingressRefusal } from './answers.ts';
import { batchType, putBatch } from './batch.ts';
import { Held } from './held.ts';
import { type Asked, eventPage, logLines } from './pages.ts';
import { putEntry } from './put.ts';

type Request = HonoContext<{ Bindings: NodePair }>;
type CallerOf = (asked: Request, calls: Calls) => Promise<Caller>;

/**
 * Session ingress: programs that keep their transcripts in a remote log write them here one entry at a time,
 * and read those of every session. docs/ingress.md has the format.
 */
export function ingressRoutes(
  app: Hono<{ Bindings: NodePair }>,
  calls: Calls,
  callerOf: CallerOf,
): void {
  const { transcripts } = calls.options.config;
  if (transcripts === undefined) return;
  const ingress = new Ingress(calls, transcripts, callerOf);
  app.all('/v1/session_ingress/session/:session', (asked) =>
    ingress.answer(asked, (caller) => ingress.log(asked, caller)),
  );
  app.all('/v1/code/sessions/:session/teleport-events', (asked) =>
    ingress.answer(asked, (caller) => ingress.events(asked, caller)),
  );
}

class Ingress {
  readonly #calls: Calls;
  readonly #format: string;
  readonly #callerOf: CallerOf;
  readonly #held = new Held(limits.ingressHeldBytes);

  constructor(calls: Calls, format: string, callerOf: CallerOf) {
    this.#calls = calls;
    this.#format = format;
    this.#callerOf = callerOf;
  }

  /** Every refusal in the form and with the status that clients of it know. */
  async answer(asked: Request, act: (caller: Caller) => Promise<Response>): Promise<Response> {
    try {
      return await act(await this.#caller(asked));
    } catch (error) {
      const request = String(asked.env.outgoing.getHeader('x-request-id'));
      const where = { request, operation: 'ingress' };
      const refusal = this.#calls.refusalOf(error, where);
      const { status, headers, body } = ingressRefusal(refusal, error);
      return new Response(body, { status, headers });
    }
  }

  log(asked: Request, caller: Caller): Promise<Response> {
    const { method } = asked.env.incoming;
    if (method === 'PUT') return this.#put(asked, caller);
    if (method === 'POST') return this.#putBatch(asked, caller);
    if (method === 'GET') return this.#read(asked, caller, logLines);
    throw notAllowed('PUT, POST and GET', 'PUT, POST, GET');
  }

  events(asked: Request, caller: Caller): Promise<Response> {
    if (asked.env.incoming.method === 'GET') return this.#read(asked, caller, eventPage);
    throw notAllowed('GET', 'GET');
  }

  async #put(asked: Request, caller: Caller): Promise<Response> {
    const session = await this.#target(asked, caller);
    const parts = { calls: this.#calls, held: this.#held };
    const { lines, head } = await putEntry(asked.env, parts, {
      session,
      format: this.#format,
      caller,
    });
    const [line] = lines;
    if (line === undefined) throw new Error('An entry was stored, and is not told.');
    const known = line.duplicate || line.differs;
    const body = JSON.stringify({ entry: { id: line.id, seq: line.seq }, head });
    return new Response(body, { status: known ? 200 : 201, headers: storedHeaders(head) });
  }

  async #putBatch(asked: Request, caller: Caller): Promise<Response> {
    const session = await this.#target(asked, caller);
    const parts = { calls: this.#calls, held: this.#held };
    const put = { session, format: this.#format, caller };
    const { lines, head } = await putBatch(asked.env, parts, put);
    const entries = lines.map(({ id, seq, duplicate, differs }) => ({
      id,
      seq,
      duplicate: duplicate || differs,
    }));
    const status = entries.every(({ duplicate }) => duplicate) ? 200 : 201;
    const body = JSON.stringify({ entries, head });
    return new Response(body, { status, headers: storedHeaders(head) });
  }

  async #read(
    asked: Request,
    caller: Caller,
    pages: (calls: Calls, what: Asked) => AsyncGenerator<string | Uint8Array>,
  ): Promise<Response> {
    demandScope(caller, 'view', 'Reading a transcript');
    const session = await this.#calls.session(asked.req.param('session') ?? '', caller);
    const query = new URL(asked.req.url).searchParams;
    const pieces = pages(this.#calls, { session, format: this.#format, query });
    const how = { name: 'ingress', caller, type: 'application/json', pieces };
    return sendPieces(asked.env.outgoing, this.#calls, how);
  }

  /** The session that is meant, or the one that the first entry will make. */
  async #target(asked: Request, caller: Caller): Promise<string> {
    const name = asked.req.param('session') ?? '';
    // Writers take nothing else as final: with this token they will never get in.
    demandWriter(caller);
    const { engine, store } = this.#calls.options;
    const session = await engine.find(name).catch((error: unknown) => {
      if (error instanceof RefusalError && error.refusal.code === 'not_found') return name;
      throw error;
    });
    if (await sees(store, caller, session)) return session;
    throw refuse('unauthenticated', 'This token writes other sessions.');
  }

  async #caller(asked: Request): Promise<Caller> {
    const caller = await this.#callerOf(asked, this.#calls).catch((error: unknown) => {
      // Also where there were too many wrong ones: what is wrong stays wrong.
      const limited = error instanceof RefusalError && error.refusal.code === 'limited';
      throw limited ? refuse('unauthenticated', error.refusal.message) : error;
    });
    const named = organizationOf(asked);
    if (named === null) return caller;
    if (caller.organization !== null && caller.organization !== named) {
      throw refuse('unauthenticated', 'This token is of another organisation.');
    }
    const { by } = caller;
    return by.type === 'client' ? { ...caller, by: { ...by, organization: named } } : caller;
  }
}

function storedHeaders(head: string | null): Record<string, string> {
  return {
    'content-type': 'application/json',
    'accept-post': batchType,
    ...(head === null ? {} : { 'x-last-uuid': head }),
  };
}

function organizationOf({ env }: Request): string | null {
  const given = env.incoming.headers['x-organization-uuid'];
  if (given === undefined) return null;
  const read = organization.safeParse(given);
  if (read.success) return read.data;
  const message = 'x-organization-uuid is 1 to 100 printable characters without spaces.';
  throw refuse('invalid', message, { field: 'x-organization-uuid' });
}

function demandWriter(caller: Caller): void {
  try {
    demandScope(caller, 'manage', 'Writing a transcript');
  } catch (error) {
    if (!(error instanceof RefusalError)) throw error;
    throw refuse('unauthenticated', error.refusal.message);
  }
}

function notAllowed(methods: string, allow: string): RefusalError {
  const message = `This path takes ${methods} only.`;
  return new HttpRefusal(405, { code: 'unsupported', message }, { allow });
}
