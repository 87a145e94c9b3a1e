import type { Answer, ForkFrom, Sent } from '../domain/command.ts';
import type { By } from '../domain/entry.ts';
import { canonicalKey } from '../domain/key.ts';
import { boundedRules } from '../domain/decide/approval.ts';
import { canonicalJson } from '../domain/json.ts';
import {
  isOver,
  isWithin,
  noPolicy,
  type PolicyChange,
  type SessionPolicy,
} from '../domain/policy.ts';
import { refuse, RefusalError } from '../domain/refusal.ts';
import { rowOf } from '../domain/row.ts';
import type { Secrets } from '../domain/settings.ts';
import type { SessionState } from '../domain/session-state.ts';
import type { Clock } from '../ports/clock.ts';
import type { Policies, PolicyRow } from '../ports/policies.ts';
import type { Store } from '../ports/store.ts';
import type { SessionActor } from './actor.ts';
import type { Agents } from './agents.ts';
import type { CreateAnswer, CreateInput, SendAnswer, SendInput } from './engine.ts';
import type { Told } from './prompt-contents.ts';
import type { Registry } from './registry.ts';
import { promptContent } from './stored-content.ts';

export interface CreationContext {
  options: {
    clock: Clock;
    store: Store;
    defaultAgent: string;
    defaultCwd: string | null;
    checkDirectory(path: string, make?: boolean): Promise<string>;
    policies: Policies;
  };
  registry: Registry;
  agents: Agents;
  find: (name: string) => Promise<string>;
  send: (session: string, input: SendInput, by: By) => Promise<SendAnswer>;
}

type Settings = CreateInput['changes'];

/** Where a fork comes from: what its agent is told, and the values of its variables. */
export interface Origin {
  fork?: ForkFrom;
  /** The entry that its caller named, where one was named. */
  at?: string;
  /** What its agent is told. */
  primer?: Told;
  secrets?: Secrets;
}

/** `sessions.create`: a new session with its first prompt in one transaction, or the one that is meant. */
export class Creation {
  readonly #context: CreationContext;

  constructor(context: CreationContext) {
    this.#context = context;
  }

  async create(given: CreateInput, by: By, more: Origin = {}): Promise<CreateAnswer> {
    const { options, registry } = this.#context;
    const input = { ...given, ...this.#firstPrompt(given) };
    const known = await this.#known(input);
    if (known !== null) return this.#existing(known, { input, more }, by);
    const settings = await this.#settings(input);
    const session = input.id ?? options.clock.newId();
    try {
      const made = await registry.create(session, settings.agent!, (actor) =>
        this.#make(actor, { ...input, changes: settings }, by, more),
      );
      return made ?? (await this.#existing(session, { input, more }, by));
    } catch (error) {
      // Somebody else was first with the same key.
      const winner = isConflict(error) ? await this.#known(input) : null;
      if (winner !== null) return this.#existing(winner, { input, more }, by);
      throw error;
    }
  }

  /** A call that its id makes the same one does not send its prompt again. */
  #firstPrompt({ id, prompt }: CreateInput): Pick<CreateInput, 'prompt'> {
    if (prompt === undefined || prompt.id !== undefined || id === undefined) return {};
    const { clock } = this.#context.options;
    return { prompt: { ...prompt, id: `c${clock.sha256(`prompt of ${id}`).slice(0, 40)}` } };
  }

  /** The session that is there already under the given id or key. */
  async #known({ id, changes }: CreateInput): Promise<string | null> {
    const { store } = this.#context.options;
    if (id !== undefined && (await store.load(id)) !== undefined) return id;
    if (typeof changes.key !== 'string') return null;
    const { key } = canonicalKey(changes.key);
    const rows = await store.resolve(key);
    const row = rows.find((item) => (JSON.parse(item.row) as { key: string | null }).key === key);
    return row?.session ?? null;
  }

  async #make(
    actor: SessionActor,
    input: CreateInput,
    by: By,
    { fork, primer, secrets }: Origin,
  ): Promise<CreateAnswer> {
    const { options } = this.#context;
    const { changes } = input;
    const given = input.prompt && (await promptContent(input.prompt.content, options));
    const prompt = given && {
      type: 'send' as const,
      id: input.prompt?.id ?? options.clock.newId(),
      content: given.stored,
      delivery: 'queue' as const,
      allowInterrupt: false,
    };
    const outcome = await actor.post({
      command: {
        type: 'create',
        changes,
        ...(fork === undefined ? {} : { fork }),
        ...(prompt === undefined ? {} : { prompt }),
      },
      secrets: { ...secrets, ...input.secrets },
      ...(primer === undefined ? {} : { primer }),
      by,
      ownId: false,
      ...(given === undefined ? {} : { whole: given.whole, blobs: given.blobs }),
    });
    const { sent } = outcome.answer as Extract<Answer, { type: 'created' }>;
    const made = { row: rowOf(outcome.state), created: true };
    if (sent === undefined) return made;
    return { ...made, prompt: promptAnswer({ ...sent, seq: outcome.seqOf(sent.entry) }) };
  }

  /** Settings with their defaults, checked. */
  async #settings(input: CreateInput): Promise<Settings> {
    const { changes: given, makeCwd = false, policy } = input;
    const { options, registry, agents, find } = this.#context;
    const keyed = typeof given.key === 'string' ? canonicalKey(given.key) : null;
    const agent = given.agent ?? keyed?.agent ?? options.defaultAgent;
    agents.driver(agent);
    agents.checkModel(agent, given.model);
    if (keyed !== null && keyed.agent !== agent) {
      const message = `The key names the agent ${keyed.agent}, the call ${agent}.`;
      throw refuse('invalid', message, { field: 'key' });
    }
    const parentName = given.parent ?? null;
    const parent = parentName === null ? null : await registry.get(await find(parentName));
    // That of a draft may not be known yet.
    const cwd = given.cwd || parent?.state.cwd || options.defaultCwd;
    const inPlace = {
      ...(keyed === null ? {} : { key: keyed.key }),
      ...(parent === null ? {} : { parent: parent.id }),
      ...policyFor(given.policy ?? parent?.state.policy, policy, options.clock.now()),
    };
    const dirs = await this.#directories(given);
    // A draft may find its directory later.
    if (cwd === null && given.draft === true) {
      return { ...given, ...dirs, agent, cwd: '', ...inPlace };
    }
    if (cwd === null) {
      throw refuse('invalid', 'Name the directory in which the agent works.', { field: 'cwd' });
    }
    const place = await options.checkDirectory(cwd, makeCwd);
    if (input.inside === true && parent !== null) await this.#guarded(parent.state, place);
    return { ...given, ...dirs, agent, cwd: place, ...inPlace };
  }

  /** A rule from the session's directory on, or of a directory, means something else in another one. */
  async #guarded({ cwd, policy }: SessionState, place: string): Promise<void> {
    if (place === cwd) return;
    const rows = await this.#context.options.policies.list();
    const around = (path: string): readonly PolicyRow[] =>
      rows.filter(({ directory, rules }) => {
        return rules.length > 0 && (directory === null || isWithin(path, directory));
      });
    const [here, there] = [around(cwd), around(place)];
    const same = here.length === there.length && here.every((row) => there.includes(row));
    const all = [...policy.rules, ...here.flatMap(({ rules }) => rules)];
    const moves = policy.autoAcceptEdits || all.some(({ path }) => path?.startsWith('./'));
    if (same && !moves) return;
    const message = 'Other rules would hold there than for its parent: leave the directory out.';
    throw refuse('forbidden', message, { field: 'cwd' });
  }

  /** Changes of a patch: keys in their one spelling, directories that are there. */
  async checkChanges(given: Settings, state: SessionState): Promise<Settings> {
    const { options, agents } = this.#context;
    agents.checkModel(state.agent, given.model ?? undefined);
    const changes = { ...given, ...(await this.#directories(given)) };
    if (typeof given.key === 'string') {
      const { key, agent } = canonicalKey(given.key);
      if (agent !== state.agent) {
        const message = `The key names the agent ${agent}, the session has ${state.agent}.`;
        throw refuse('invalid', message, { field: 'key' });
      }
      changes.key = key;
    }
    if (given.cwd !== undefined) changes.cwd = await options.checkDirectory(given.cwd);
    return changes;
  }

  /** What lies beside the working directory has to be there, too, and outside of the state directory. */
  async #directories({ additionalDirs }: Settings): Promise<Pick<Settings, 'additionalDirs'>> {
    if (additionalDirs === undefined) return {};
    const { options } = this.#context;
    const checked = additionalDirs.map((path) =>
      options.checkDirectory(path).catch((error: unknown) => {
        if (!(error instanceof RefusalError)) throw error;
        const { code, message } = error.refusal;
        throw refuse(code, message, { field: 'additionalDirs' });
      }),
    );
    return { additionalDirs: await Promise.all(checked) };
  }

  /** `create` of what is there: the same session, if it is meant, and the prompt goes to it. */
  async #existing(
    session: string,
    { input, more }: { input: CreateInput; more: Origin },
    by: By,
  ): Promise<CreateAnswer> {
    const { registry, send } = this.#context;
    const { state } = await registry.get(session);
    const field = input.id === undefined ? 'key' : 'id';
    if (state.deletedAt !== null) {
      const message = 'That session was deleted: sessions.restore brings it back.';
      throw refuse('conflict', message, { field, data: { session: state.id } });
    }
    if (!(await this.#meant(state, input.changes)) || !isForkOf(state, more)) {
      const what = more.fork === undefined ? 'agent, directory or parent' : 'origin or settings';
      throw refuse('conflict', `That session exists with another ${what}.`, {
        field,
        data: { session: state.id, agent: state.agent, cwd: state.cwd },
      });
    }
    if (input.prompt === undefined) return { row: rowOf(state), created: false };
    const prompt = { ...input.prompt, delivery: 'queue' as const, allowInterrupt: false };
    const sent = await send(session, prompt, by);
    const { state: now } = await registry.get(session);
    return { row: rowOf(now), created: false, prompt: promptAnswer({ ...sent, ...flat(sent) }) };
  }

  /** Whether what is asked for is that session: its agent, parent and directory, where they are named. */
  async #meant(state: SessionState, { agent, cwd, parent }: Settings): Promise<boolean> {
    if (agent !== undefined && agent !== state.agent) return false;
    if (parent !== undefined && parent !== null && parent !== state.parent) return false;
    if (cwd === undefined || cwd === state.cwd) return true;
    return (await this.#context.options.checkDirectory(cwd)) === state.cwd;
  }
}

/** What it has of its parent or base, with what is changed; a bypass that is over is not passed on. */
function policyFor(
  from: SessionPolicy | undefined,
  change: PolicyChange | undefined,
  now: number,
): Pick<Settings, 'policy'> {
  const base = from ?? noPolicy;
  const bypassUntil = isOver(base, now) ? null : base.bypassUntil;
  const policy = { ...base, bypassUntil, ...change };
  boundedRules(policy.rules);
  return canonicalJson(policy) === canonicalJson(noPolicy) ? {} : { policy };
}

/** Whether a session comes from where a repeated fork says. Its base may have gone on since the first call. */
function isForkOf({ forkedFrom }: SessionState, { fork, at }: Origin): boolean {
  if (fork === undefined) return true;
  if (forkedFrom?.session !== fork.session) return false;
  return at === undefined || forkedFrom.entry === at;
}

function flat(sent: SendAnswer): { entry: string; seq: number } {
  return { entry: sent.entry.id, seq: sent.entry.seq };
}

function promptAnswer(
  sent: Pick<Sent, 'entry' | 'run'> & { state: SendAnswer['state']; seq: number },
): NonNullable<CreateAnswer['prompt']> {
  const { entry: id, seq, run } = sent;
  const state = sent.state === 'starting' ? 'starting' : 'queued';
  return { id, seq, state, ...(run === undefined ? {} : { run }) };
}

function isConflict(error: unknown): boolean {
  return error instanceof RefusalError && error.refusal.code === 'conflict';
}
