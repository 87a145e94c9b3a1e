/**
 * Makes this process kill itself at one of its changes to the disk: `before N`, `half N` (of a write) or
 * `after N`. Counts those whose path, or whose file's path, has `within` in it.
 */
import fs from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

type Call = (...values: unknown[]) => Promise<unknown>;

export async function deadlySteps(step: string, within: string): Promise<void> {
  const [when, last] = step.split(' ');
  let count = 0;
  const die = (): never => {
    process.kill(process.pid, 'SIGKILL');
    throw new Error('dead');
  };
  const deadly = (call: Call, half?: Call): Call =>
    async function dying(this: unknown, ...values: unknown[]) {
      count += 1;
      const now = count === Number(last);
      if (now && when === 'before') die();
      if (now && when === 'half' && half !== undefined) {
        await half.apply(this, values);
        die();
      }
      const result = await call.apply(this, values);
      if (now) die();
      return result;
    };
  const promises = fs.promises as unknown as Record<string, Call>;
  const watched = new WeakSet<object>();
  for (const name of ['rename', 'rm', 'mkdir']) {
    const call = promises[name]!;
    const dying = deadly(call);
    promises[name] = (...values) =>
      values.some((value) => String(value).includes(within)) ? dying(...values) : call(...values);
  }
  const opened = promises['open']!;
  promises['open'] = async (...values) => {
    const handle = (await opened(...values)) as FileHandle;
    if (String(values[0]).includes(within)) watched.add(handle);
    return handle;
  };
  const probe = await open(process.execPath, 'r');
  const handles = Object.getPrototypeOf(probe) as Record<string, Call>;
  await probe.close();
  const halfWritten = handles['write']!;
  const half: Call = function write(this: unknown, bytes, from, length, at) {
    return halfWritten.call(this, bytes, from, Math.floor((length as number) / 2), at);
  };
  for (const name of ['write', 'sync']) {
    const call = handles[name]!;
    const dying = name === 'write' ? deadly(call, half) : deadly(call);
    handles[name] = function step(this: object, ...values) {
      return (watched.has(this) ? dying : call).apply(this, values);
    };
  }
  syncBuiltinESMExports();
}
