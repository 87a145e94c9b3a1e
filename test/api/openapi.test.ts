import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Validator } from '@seriousme/openapi-schema-validator';
import { generate } from 'openapi-typescript-codegen';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openApi, type Part } from '../../src/api/openapi.ts';
import { refusalCodes } from '../../src/domain/refusal.ts';
import { httpStatus } from '../../src/protocol/error.ts';
import { operationNames, operations } from '../../src/protocol/operations.ts';
import { type Json, useHarness } from './harness.ts';
import { LogWorld } from './log-world.ts';

const document: Json = openApi('1.2.3');

/** Every reference in a value. */
function refsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, part]) =>
    name === '$ref' && typeof part === 'string' ? [part] : refsIn(part),
  );
}

describe('the description of the HTTP face', () => {
  test('is OpenAPI 3.1 by a public validator', async () => {
    const validator = new Validator();
    const result = await validator.validate(structuredClone(document) as Record<string, unknown>);
    expect(result.errors).toBeUndefined();
    expect(result.valid).toBe(true);
    expect(validator.version).toBe('3.1');
    const broken = { ...structuredClone(document), paths: { here: 3 } } as Record<string, unknown>;
    expect((await new Validator().validate(broken)).valid).toBe(false);
  });

  test('has each operation but feeds once, with its name, its scope and every code', () => {
    const offered = operationNames.filter((name) => operations[name].shape !== 'feed');
    expect(Object.keys(document.paths)).toEqual(offered.map((name) => `/v1/${name}`));
    const statuses = [...new Set(refusalCodes.map((code) => String(httpStatus[code])))];
    for (const name of offered) {
      const { post, ...others } = document.paths[`/v1/${name}`];
      expect(others).toEqual({});
      expect(post.operationId).toBe(name);
      const { scope } = operations[name];
      if (scope === null) expect(post.security).toEqual([]);
      else expect(post['x-scope']).toBe(scope);
      expect(Object.keys(post.responses).toSorted()).toEqual(['200', ...statuses].toSorted());
    }
    expect(document.paths['/v1/sessions.create'].post['x-field-scopes']).toEqual({
      policy: 'approve',
      budget: 'approve',
      mcpServers: 'admin',
      env: 'admin',
      additionalDirs: 'admin',
    });
    const codes: string[] = Object.values<Json>(document.components.responses).flatMap(
      ({ content }) =>
        content['application/json'].schema.allOf[1].properties.error.properties.code.enum,
    );
    expect(codes.toSorted()).toEqual([...refusalCodes].toSorted());
  });

  test('refers to nothing that is not there, and gives examples that are taken', () => {
    for (const ref of new Set(refsIn(document))) {
      const found = ref
        .split('/')
        .slice(1)
        .reduce((part: Json, name) => part?.[name], document);
      expect([ref, typeof found]).toEqual([ref, 'object']);
    }
    let examples = 0;
    for (const name of operationNames) {
      const body = document.paths[`/v1/${name}`]?.post.requestBody;
      const example = body?.content['application/json']?.example;
      if (example === undefined) continue;
      examples += 1;
      expect([name, operations[name].input.safeParse(example).error]).toEqual([name, undefined]);
    }
    expect(examples).toBeGreaterThan(5);
  });

  test('S1: is served to whoever may look, and to nobody else', async () => {
    const harness = await useHarness();
    const ask = (token: string | null, method = 'GET') =>
      harness.ask({ method, path: '/v1/openapi.json', token });
    expect((await ask(null)).status).toBe(401);
    expect((await ask((await harness.token([])).secret)).status).toBe(403);
    const { secret } = await harness.token(['view']);
    expect((await ask(secret, 'POST')).status).toBe(405);
    const { status, text } = await ask(secret);
    expect(status).toBe(200);
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(document)));
  });
});

describe('a client that a public generator makes of it', { timeout: 60_000 }, () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'turnkeep-openapi-'));
    const input = path.join(folder, 'openapi.json');
    await writeFile(input, JSON.stringify(document));
    const output = path.join(folder, 'client');
    await generate({ input, output, useUnionTypes: true });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('has types that fit', async () => {
    const tsc = path.join(import.meta.dirname, '../../node_modules/typescript/bin/tsc');
    const flags =
      '--ignoreConfig --noEmit --strict --target es2024 --module preserve --lib es2024,dom,dom.iterable';
    const file = path.join(folder, 'client/index.ts');
    const told = await promisify(execFile)(process.execPath, [
      tsc,
      ...flags.split(' '),
      file,
    ]).catch((error: { stdout: string }) => error);
    expect(told.stdout).toBe('');
  });

  test('P1: lists sessions and sends a prompt', async () => {
    const world = await LogWorld.open((turn) => turn.say('hello'));
    const session = await world.bench.session();
    const made: Json = await import(/* @vite-ignore */ path.join(folder, 'client/index.ts'));
    const { OpenAPI, SessionsService } = made;
    OpenAPI.BASE = world.url;
    OpenAPI.TOKEN = await world.token(['drive']);
    const { sessions } = await SessionsService.sessionsList({ limit: 5 });
    expect(sessions.map(({ id }: Part) => id)).toEqual([session]);
    const sent = await SessionsService.sessionsSend({ session, id: 'p1', content: 'go' });
    expect(sent).toMatchObject({ entry: { id: 'p1' }, state: 'starting' });
    await (await world.bench.watch(session)).entry('run_ended');
    expect(await SessionsService.sessionsSend({ session, id: 'p1', content: 'go' })).toMatchObject({
      duplicate: true,
    });
    const refused = await SessionsService.sessionsReset({ session }).catch((error: Json) => error);
    expect([refused.status, refused.body.error.code]).toEqual([403, 'forbidden']);
  });
});
