import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { Daemon } from './daemon.ts';
import { Editor, startAcp, type Way, ways } from './editor.ts';

let daemon: Daemon;
beforeAll(async () => {
  daemon = await Daemon.open();
});
afterAll(() => daemon.close());

interface Told {
  id?: string | number | null;
  method?: string;
  result?: { sessionId?: string; stopReason?: string; protocolVersion?: number };
  error?: { code: number; message: string; data?: { code?: string } };
}

/** A peer that sends what it likes. */
class Raw {
  readonly told: Told[] = [];
  readonly #write: (text: string) => void;
  readonly #waiting = new Set<() => void>();

  private constructor(write: (text: string) => void) {
    this.#write = write;
  }

  static async open(way: Way): Promise<Raw> {
    if (way === 'stdio') {
      const child = startAcp(daemon);
      const raw = new Raw((text) => void child.stdin!.write(`${text}\n`));
      createInterface({ input: child.stdout! }).on('line', (line) => raw.#take(line));
      onTestFinished(async () => {
        const gone = once(child, 'exit');
        child.stdin!.end();
        await gone;
      });
      return raw;
    }
    const headers = { authorization: `Bearer ${daemon.token}` };
    const socket = new WebSocket(`${daemon.url.replace('http', 'ws')}/acp`, { headers });
    const raw = new Raw((text) => socket.send(text));
    socket.on('message', (data: Buffer) => raw.#take(data.toString()));
    onTestFinished(() => socket.terminate());
    await once(socket, 'open');
    return raw;
  }

  #take(line: string): void {
    this.told.push(JSON.parse(line) as Told);
    for (const wake of this.#waiting) wake();
  }

  write(message: unknown): void {
    this.#write(typeof message === 'string' ? message : JSON.stringify(message));
  }

  async ask(method: unknown, params?: unknown, id: unknown = crypto.randomUUID()): Promise<Told> {
    this.write({ jsonrpc: '2.0', id, method, params });
    return this.next((told) => told.id === id && told.method === undefined);
  }

  initialize(): Promise<Told> {
    return this.ask('initialize', { protocolVersion: 1, clientCapabilities: {} });
  }

  async next(so: (told: Told) => boolean, ms = 15_000): Promise<Told> {
    const deadline = performance.now() + ms;
    for (;;) {
      const at = this.told.findIndex(so);
      if (at >= 0) return this.told.splice(at, 1)[0]!;
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`nothing such was told: ${JSON.stringify(this.told)}`);
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          this.#waiting.delete(done);
          resolve();
        };
        const timer = setTimeout(done, left);
        this.#waiting.add(done);
      });
    }
  }
}

describe.for(ways)('hostile input over %s', { timeout: 60_000 }, (way) => {
  test('S5: what is no message, no method or no sensible input is refused, and the connection lives', async () => {
    const raw = await Raw.open(way);
    const wrong = async (text: string): Promise<number | undefined> => {
      raw.write(text);
      return (await raw.next(({ id, error }) => id === null && error !== undefined)).error?.code;
    };
    expect(await wrong('{')).toBe(-32_700);
    expect(await wrong('[]')).toBe(-32_600);
    expect(await wrong('7')).toBe(-32_600);
    expect(await wrong('{"jsonrpc":"1.0","id":1,"method":"initialize"}')).toBe(-32_600);
    for (const id of [null, 1.5, true, {}, 'x'.repeat(100_000), 2 ** 60]) {
      const text = JSON.stringify({ jsonrpc: '2.0', id, method: 'initialize', params: {} });
      expect(await wrong(text)).toBe(-32_600);
    }
    const early = await raw.ask('session/new', { cwd: daemon.cwd, mcpServers: [] });
    expect(early.error?.code).toBe(-32_600);
    expect((await raw.initialize()).result?.protocolVersion).toBe(1);
    expect((await raw.initialize()).error?.code).toBe(-32_600);
    for (const method of ['', 'session/explode', '__proto__', 'x'.repeat(10_000), 'fs/read']) {
      expect((await raw.ask(method, {})).error?.code).toBe(-32_601);
    }
    const inputs: readonly (readonly [string, unknown])[] = [
      ['session/new', undefined],
      ['session/new', []],
      ['session/new', { cwd: 7, mcpServers: [] }],
      ['session/new', { cwd: '../..', mcpServers: [] }],
      ['session/new', { cwd: daemon.cwd, mcpServers: [{ name: 'a b', command: '' }] }],
      ['session/new', { cwd: daemon.cwd, mcpServers: [], _meta: { turnkeep: { agent: 7 } } }],
      ['session/load', { sessionId: 'x'.repeat(100_000), cwd: '/', mcpServers: [] }],
      ['session/list', { cursor: '../../etc' }],
      ['session/prompt', { sessionId: 'a', prompt: 'b' }],
      ['session/set_mode', { sessionId: {} }],
    ];
    for (const [method, params] of inputs) {
      const { error } = await raw.ask(method, params);
      expect([method, params, [-32_602, -32_002].includes(error?.code ?? 0)]).toEqual([
        method,
        params,
        true,
      ]);
    }
    // Notifications and answers that mean nothing are heard by nobody.
    raw.write({ jsonrpc: '2.0', method: 'session/cancel', params: 7 });
    raw.write({ jsonrpc: '2.0', method: 'session/cancel', params: { sessionId: 'nothing' } });
    raw.write({ jsonrpc: '2.0', method: '$/cancel_request', params: { requestId: {} } });
    raw.write({ jsonrpc: '2.0', method: 'session/update', params: {} });
    raw.write({ jsonrpc: '2.0', id: 5, result: {} });
    const made = await raw.ask('session/new', { cwd: daemon.cwd, mcpServers: [] });
    const { sessionId } = made.result!;
    const prompts: unknown[] = [
      [],
      [{ type: 'text' }],
      [{ type: 'image', mimeType: 'x', data: '%' }],
    ];
    for (const prompt of prompts) {
      expect((await raw.ask('session/prompt', { sessionId, prompt })).error?.code).toBe(-32_602);
    }
    const prompt = [{ type: 'text', text: '[[pace 0]] [[say fine]]' }];
    const answer = await raw.ask('session/prompt', { sessionId, prompt });
    expect(answer.result?.stopReason).toBe('end_turn');
  });

  test('S5: requests that are open are bounded, and an id that is open is not taken again', async () => {
    const raw = await Raw.open(way);
    await raw.initialize();
    const made = await raw.ask('session/new', { cwd: daemon.cwd, mcpServers: [] });
    const { sessionId } = made.result!;
    const prompt = [{ type: 'text', text: '[[hang]]' }];
    const params = { sessionId, prompt };
    for (let id = 1; id <= 64; id += 1) {
      raw.write({ jsonrpc: '2.0', id, method: 'session/prompt', params });
    }
    const refused = await raw.ask('session/list', {}, 65);
    expect(refused.error).toMatchObject({ code: -32_011, data: { code: 'limited' } });
    raw.write({ jsonrpc: '2.0', id: 7, method: 'session/list', params: {} });
    expect((await raw.next(({ id }) => id === null)).error?.code).toBe(-32_600);
    raw.write({ jsonrpc: '2.0', method: 'session/cancel', params: { sessionId } });
    for (let id = 1; id <= 64; id += 1) {
      const { result } = await raw.next((told) => told.id === id, 30_000);
      expect(result?.stopReason).toBe('cancelled');
    }
    expect((await raw.ask('session/list', {}, 66)).error).toBeUndefined();
  });

  test('R4: a prompt whose request is cancelled is stopped like one of a cancelled session', async () => {
    const raw = await Raw.open(way);
    await raw.initialize();
    const made = await raw.ask('session/new', { cwd: daemon.cwd, mcpServers: [] });
    const { sessionId } = made.result!;
    const prompt = [{ type: 'text', text: '[[say begun]] [[hang]]' }];
    raw.write({ jsonrpc: '2.0', id: 1, method: 'session/prompt', params: { sessionId, prompt } });
    await raw.next(({ method }) => method === 'session/update');
    raw.write({ jsonrpc: '2.0', method: '$/cancel_request', params: { requestId: 1 } });
    expect((await raw.next(({ id }) => id === 1)).result?.stopReason).toBe('cancelled');
  });
});

describe('the token of an editor on the WebSocket', { timeout: 60_000 }, () => {
  const tokenOf = async (...scopes: ('view' | 'drive' | 'approve' | 'manage')[]) => {
    const made = await daemon.client.tokens.create({ name: 'editor', scopes });
    return { id: made.id, secret: made.secret };
  };

  test('S1: what it may not do is refused here, too', async () => {
    const admin = await Editor.open(daemon, 'socket');
    const session = await admin.session(daemon.cwd);
    const viewer = await Editor.open(daemon, 'socket', { token: (await tokenOf('view')).secret });
    await viewer.load(session);
    for (const work of [
      () => viewer.session(daemon.cwd),
      () => viewer.prompt(session, 'x'),
      () => viewer.request('session/set_mode', { sessionId: session, modeId: 'auto' }),
      () => viewer.request('session/delete', { sessionId: session }),
      () => viewer.request('session/fork', { sessionId: session, cwd: daemon.cwd }),
    ]) {
      await expect(work()).rejects.toMatchObject({ code: -32_001, data: { code: 'forbidden' } });
    }
    const asked = admin.prompt(session, '[[pace 0]] [[ask run echo hi]] [[say done]]');
    const seen = await viewer.until('it is asked', () => viewer.permissions[0]);
    seen.answer({ outcome: { outcome: 'selected', optionId: 'allow_always' } });
    await viewer.until('that did not hold', () => viewer.of(session, 'notice')[0]);
    const own = await admin.until('it is asked', () => admin.permissions[0]);
    own.answer({ outcome: { outcome: 'selected', optionId: 'allow_once' } });
    expect((await asked).stopReason).toBe('end_turn');
    const manager = await tokenOf('manage');
    const third = await Editor.open(daemon, 'socket', { token: manager.secret });
    const servers = [{ name: 'a', command: 'true', args: [], env: [] }];
    await expect(third.session(daemon.cwd, { mcpServers: servers })).rejects.toMatchObject({
      code: -32_001,
    });
    await third.session(daemon.cwd);
    await Promise.all([admin, viewer, third].map((each) => each.close()));
  });

  test('S1: it ends with its token', async () => {
    const { id, secret } = await tokenOf('manage');
    const editor = await Editor.open(daemon, 'socket', { token: secret });
    await editor.session(daemon.cwd);
    await daemon.client.tokens.revoke({ id });
    await editor.connection.closed;
    await expect(Editor.open(daemon, 'socket', { token: secret })).rejects.toThrow(/./);
  });
});
