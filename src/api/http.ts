import type { IncomingMessage } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono, type Context as HonoContext } from 'hono';
import { refuse } from '../domain/refusal.ts';
import { limits } from '../domain/limits.ts';
import { operations } from '../protocol/operations.ts';
import { HttpRefusal } from './answer.ts';
import { readBody } from './body.ts';
import type { Calls } from './calls.ts';
import { demandScope, nobody, type Caller } from './caller.ts';
import type { Events, StreamRequest } from './events.ts';
import { answerDownload } from './download.ts';
import type { UnaryName } from './handler.ts';
import { jsonAnswer, refusalAnswer, type HttpAnswer } from './http-answer.ts';
import { answerLogin, answerLogout, answerRenewal, loginOf } from './login.ts';
import { ingressRoutes } from './ingress/routes.ts';
import { operationNamed } from './input.ts';
import type { NodePair } from './node-pair.ts';
import { openApi } from './openapi.ts';
import { pageAnswer } from './page.ts';
import type { Credentials } from './tokens.ts';
import { answerUpload } from './upload.ts';

type Asked = HonoContext<{ Bindings: NodePair }>;
export type HttpApp = Hono<{ Bindings: NodePair }>;

/**
 * The routes under `/v1`. Who asks is found out before what is asked, so that routes tell nothing.
 */
export function httpApp(calls: Calls, events: Events): HttpApp {
  const app: HttpApp = new Hono();
  app.all('/v1/health', async (asked) => {
    demandMethod(asked, 'GET');
    return responseOf(jsonAnswer((await calls.run('server.health', {}, nobody)).text));
  });
  let description: string | undefined;
  app.all('/v1/openapi.json', async (asked) => {
    const caller = await callerOf(asked, calls);
    demandMethod(asked, 'GET');
    demandScope(caller, 'view', 'The description of the operations');
    description ??= JSON.stringify(openApi(calls.options.config.version));
    return responseOf(jsonAnswer(description));
  });
  app.all('/v1/events', async (asked) => {
    await events.ofList(await streamRequest(asked, calls));
    return RESPONSE_ALREADY_SENT;
  });
  app.all('/v1/sessions/:session/events', async (asked) => {
    await events.ofSession(asked.req.param('session'), await streamRequest(asked, calls));
    return RESPONSE_ALREADY_SENT;
  });
  ingressRoutes(app, calls, callerOf);
  app.all('/v1/:operation', (asked) => answerOperation(asked, calls));
  app.all('/login', async (asked) => {
    demandMethod(asked, 'POST');
    return responseOf(await answerLogin(asked.env, calls));
  });
  app.all('/login/renew', async (asked) => {
    demandMethod(asked, 'POST');
    return responseOf(await answerRenewal(asked.env, calls, credentialsOf(asked.env.incoming)));
  });
  app.all('/logout', async (asked) => {
    demandMethod(asked, 'POST');
    return responseOf(await answerLogout(asked.env, calls, credentialsOf(asked.env.incoming)));
  });
  for (const path of ['/rpc', '/acp']) {
    app.all(path, async (asked) => {
      await callerOf(asked, calls);
      throw new HttpRefusal(
        426,
        { code: 'unsupported', message: `Open ${path} as a WebSocket, version 13.` },
        { upgrade: 'websocket' },
      );
    });
  }
  app.notFound(async (asked) => {
    const page = await pageAt(asked, calls);
    if (page !== undefined) return page;
    await callerOf(asked, calls);
    throw refuse(
      'not_found',
      'There is nothing at this path. Operations are POST /v1/{operation}.',
    );
  });
  app.onError((error, asked) => responseOf(answerToError(error, asked, calls)));
  return app;
}

/** The console's own files need no token; they are the same for everybody. */
async function pageAt({ env, req }: Asked, { options }: Calls): Promise<Response | undefined> {
  const { method, headers } = env.incoming;
  if (options.pages === undefined || method !== 'GET') return undefined;
  const encodings = headers['accept-encoding'];
  const page = await pageAnswer(options.pages, { path: req.path, encodings });
  if (page !== undefined || !isForBrowser(req.path, headers.accept)) return page;
  // The page says to people that there is nothing; programs are told so once they have said who they are.
  return pageAnswer(options.pages, { path: '/', encodings, status: 404 });
}

/** What a browser asks for when somebody goes to an address. Under `/v1` there is nothing for people. */
function isForBrowser(path: string, accept: string | undefined): boolean {
  return !path.startsWith('/v1/') && /\btext\/html\b/.test(accept ?? '');
}

async function answerOperation(asked: Asked, calls: Calls): Promise<Response> {
  const { incoming, outgoing } = asked.env;
  const given = asked.req.param('operation') ?? '';
  const open = given === 'server.health';
  const caller = open ? nobody : await callerOf(asked, calls);
  const name = operationNamed(given);
  demandMethod(asked, 'POST');
  if (operations[name].shape === 'feed') {
    const message =
      `${name} needs a connection that stays open: ask it on the WebSocket /rpc, or read ` +
      'GET /v1/sessions/{id}/events.';
    throw refuse('unsupported', message);
  }
  if (name === 'sessions.export') return answerDownload(asked.env, calls, { name, caller });
  if (name === 'sessions.import' || name === 'blobs.put') {
    const query = new URL(asked.req.url).searchParams;
    return answerUpload(asked.env, calls, { name, caller, query });
  }
  const input = await readBody(incoming, calls.options.config.bodyBytes ?? limits.bodyBytes);
  const { text, left } = await calls.run(name as UnaryName, input, caller);
  // Also when the caller has gone: what it asked for was done.
  if (outgoing.closed) left();
  else outgoing.once('close', left);
  return responseOf(jsonAnswer(text));
}

async function streamRequest(asked: Asked, calls: Calls): Promise<StreamRequest> {
  const caller = await callerOf(asked, calls);
  demandMethod(asked, 'GET');
  return { ...asked.env, caller, parameters: new URL(asked.req.url).searchParams };
}

function callerOf(asked: Asked, calls: Calls): Promise<Caller> {
  return calls.tokens.authenticate(credentialsOf(asked.env.incoming));
}

export function credentialsOf(incoming: IncomingMessage): Credentials {
  const { headers, socket } = incoming;
  const client = headers['x-turnkeep-client'];
  return {
    authorization: headers.authorization,
    client: Array.isArray(client) ? client.join(', ') : client,
    login: loginOf(incoming),
    // A Unix socket has no addresses: its callers share one bucket.
    address: socket.remoteAddress ?? 'unix',
  };
}

function demandMethod({ env, req }: Asked, allow: 'GET' | 'POST'): void {
  if (env.incoming.method === allow) return;
  const message = `${req.path} takes ${allow} only.`;
  throw new HttpRefusal(405, { code: 'unsupported', message }, { allow });
}

function answerToError(error: unknown, asked: Asked, calls: Calls): HttpAnswer {
  const request = String(asked.env.outgoing.getHeader('x-request-id'));
  const refusal = calls.refusalOf(error, { request, operation: asked.req.path.slice(0, 100) });
  return refusalAnswer(refusal, error instanceof HttpRefusal ? error : {});
}

function responseOf({ status, headers, body }: HttpAnswer): Response {
  return new Response(body, { status, headers });
}
