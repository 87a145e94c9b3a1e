import { idPattern } from '../domain/entry.ts';
import { refuse, RefusalError, type Refusal } from '../domain/refusal.ts';
import type { Operation } from '../protocol/operation.ts';
import type { OperationName, ParsedInputOf } from '../protocol/operations.ts';
import { operations } from '../protocol/operations.ts';
import { allows } from '../protocol/scope.ts';
import { answerText, internalRefusal, refusalIn } from './answer.ts';
import { demandFields, demandScope, noSession, type Caller } from './caller.ts';
import type {
  Context,
  DownloadName,
  Handler,
  StreamHandlers,
  UnaryName,
  UploadName,
} from './handler.ts';
import { handlers, streamHandlers } from './handlers.ts';
import { parseInput } from './input.ts';
import type { Live } from './live.ts';
import type { ApiOptions } from './options.ts';
import { seen, sees } from './reach.ts';
import type { Tokens } from './tokens.ts';
import type { FindFiles } from '../ports/find.ts';
import type { HookOps } from '../ports/hooks.ts';
import type { MoveOps } from '../ports/moves.ts';

/** An output as JSON text, and what is to be done once it has left. */
export interface Answered {
  text: string;
  left: () => void;
}

/** Runs operations for every face: scope, then input, then handler. */
export class Calls {
  readonly options: ApiOptions;
  readonly tokens: Tokens;
  readonly live: Live;

  constructor(options: ApiOptions, tokens: Tokens, live: Live) {
    this.options = options;
    this.tokens = tokens;
    this.live = live;
  }

  /** The input of an operation that the caller may ask for; throws the refusal otherwise. */
  admit<Name extends OperationName>(
    name: Name,
    input: unknown,
    caller: Caller,
  ): ParsedInputOf<Name> {
    const operation: Operation = operations[name];
    const { scope, inside, ticket } = operation;
    const own = (caller.inside && inside === true) || (caller.ticket !== null && ticket === true);
    if (scope !== null && !own) demandScope(caller, scope, name);
    const parsed = parseInput(name, input);
    demandFields(caller, operation, parsed);
    return parsed;
  }

  async run<Name extends UnaryName>(name: Name, input: unknown, caller: Caller): Promise<Answered> {
    const parsed = this.admit(name, input, caller);
    const later: (() => void)[] = [];
    const handler: Handler<Name> = handlers[name];
    const output = await handler(parsed, this.#context(caller, later));
    return {
      text: answerText(output),
      left: () => {
        for (const call of later.splice(0)) call();
      },
    };
  }

  /** A stream as an answer. Nothing of it has been looked at before its first piece is asked for. */
  download(name: DownloadName, input: unknown, caller: Caller): AsyncGenerator<string> {
    const parsed = this.admit(name, input, caller);
    return streamHandlers[name](parsed, this.#context(caller, []));
  }

  /** A stream as a body; the output as JSON text. */
  async upload<Name extends UploadName>(
    name: Name,
    input: unknown,
    { caller, chunks }: { caller: Caller; chunks: AsyncIterable<Uint8Array> },
  ): Promise<string> {
    const parsed = this.admit(name, input, caller);
    const handler: StreamHandlers[Name] = streamHandlers[name];
    return answerText(await handler(parsed, this.#context(caller, []), chunks));
  }

  /** Id of a session that the caller may see. */
  async session(name: string, caller: Caller): Promise<string> {
    const id = await this.options.engine.find(name).catch((error: unknown) => {
      if (error instanceof RefusalError && error.refusal.code === 'not_found')
        throw noSession(name);
      throw error;
    });
    if (!(await sees(this.options.store, caller, id))) throw noSession(name);
    return id;
  }

  async #wasHere(session: string, caller: Caller): Promise<boolean> {
    const { store } = this.options;
    if (!idPattern.test(session) || !(await sees(store, caller, session))) return false;
    return (await store.load(session)) !== undefined || (await store.purged(session));
  }

  /** Lets a token in no more, and closes what it has open. */
  revoked(token: string): void {
    this.tokens.revoke(token);
    this.live.cut(token);
  }

  /** What a caller is told of an error; one that is no refusal is logged and told as `internal`. */
  refusalOf(error: unknown, where: { request: string; operation?: string }): Refusal {
    const refusal = refusalIn(error);
    if (refusal !== undefined) return refusal;
    this.options.log({ event: 'request.failed', ...where, error });
    return internalRefusal(where.request);
  }

  #context(caller: Caller, later: (() => void)[]): Context {
    const { engine, store, clock, config, logins } = this.options;
    const { hooks = noHooks, moves = noMoves, findFiles = noFiles } = this.options;
    return {
      engine,
      store,
      clock,
      config,
      hooks,
      moves,
      findFiles,
      logins,
      caller,
      session: (name) => this.session(name, caller),
      sees: (session) => sees(store, caller, session),
      seen: () => seen(store, caller),
      mayCreate: () => caller.sessions === null && allows(caller.scopes, 'manage'),
      wasHere: (session) => this.#wasHere(session, caller),
      revoked: (token) => this.revoked(token),
      afterAnswer: (call) => void later.push(call),
      shutdown: (mode) => this.options.shutdown(mode),
    };
  }
}

const noFiles: FindFiles = async () => ({ files: [], complete: true });

/** Of an api that is put together without them. */
const noMoves: MoveOps = {
  begin: async () => noMove(),
  list: () => [],
  cancel: async () => noMove(),
};

function noMove(): never {
  throw refuse('unsupported', 'Nothing is moved here.');
}

/** Of an api that is put together without any. */
const noHooks: HookOps = {
  view: async () => ({ file: '', problem: null, changed: false, notify: [], beforeCommit: [] }),
  test: async () => undefined,
};
