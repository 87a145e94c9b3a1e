import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Plugin, rolldown } from 'rolldown';
import { licenses } from './licenses.ts';

/**
 * Makes a few files of the hundreds that a program is compiled to, its packages among them: it starts in a third of
 * the time. What is named from `import.meta` is found as before.
 *
 * @param output directory of the compiled package
 * @param program file in it; all of its folder is replaced
 */
export async function bundle(output: string, program: string): Promise<void> {
  const input = path.join(output, program);
  const folder = path.dirname(input);
  const plugins = [placed(output, folder), licenses()];
  const build = await rolldown({ input, platform: 'node', external: /^node:/, plugins });
  const made = await build.generate({ format: 'esm' });
  await build.close();
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
  for (const file of made.output) {
    const content = file.type === 'chunk' ? file.code : file.source;
    writeFileSync(path.join(folder, file.fileName), content);
  }
}

/** The same for what runs in a thread: one file, where it is. Its packages are among the program's. */
export async function bundleWorker(output: string, worker: string): Promise<void> {
  const input = path.join(output, worker);
  const plugins = [placed(output, path.dirname(input))];
  const build = await rolldown({ input, platform: 'node', external: /^node:/, plugins });
  const made = await build.generate({ format: 'esm', codeSplitting: false });
  await build.close();
  const [file] = made.output;
  writeFileSync(input, file.code);
}

/** Lets a module find its files from the folder that it is moved to. */
function placed(output: string, folder: string): Plugin {
  return {
    name: 'placed',
    transform(code, id) {
      if (!id.startsWith(output + path.sep) || !code.includes('import.meta')) return null;
      const from = path.relative(folder, id).split(path.sep).join('/');
      const place = JSON.stringify(`/${path.posix.dirname(from)}`);
      return code
        .replaceAll('import.meta.url', `new URL(${JSON.stringify(from)}, import.meta.url).href`)
        .replaceAll('import.meta.dirname', `(import.meta.dirname + ${place})`);
    },
  };
}
