import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Plugin, rolldown } from 'rolldown';

const packageOf = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//;

/**
 * Makes a few files of the hundreds that a program is compiled to, its packages among them: it starts in a third of
 * the time. What is named from `import.meta` is found as before; the packages' licences go beside it.
 *
 * @param output directory of the compiled package
 * @param program file in it; all of its folder is replaced
 */
export async function bundle(output: string, program: string): Promise<void> {
  const input = path.join(output, program);
  const folder = path.dirname(input);
  const build = await rolldown({
    input,
    platform: 'node',
    external: /^node:/,
    plugins: [placed(output, folder)],
  });
  const { output: parts } = await build.generate({ format: 'esm' });
  await build.close();
  const packages = new Set<string>();
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
  for (const part of parts) {
    if (part.type !== 'chunk') throw new Error(`${part.fileName} is no code`);
    writeFileSync(path.join(folder, part.fileName), part.code);
    for (const id of part.moduleIds) {
      const found = packageOf.exec(id)?.[1];
      if (found !== undefined) packages.add(found);
    }
  }
  writeFileSync(path.join(folder, 'LICENSES.txt'), [...packages].sort().map(licenseOf).join('\n'));
}

/** Lets a module find its files from the folder that it is moved to. */
function placed(output: string, folder: string): Plugin {
  return {
    name: 'placed',
    transform(code, id) {
      if (!id.startsWith(output + path.sep) || !code.includes('import.meta')) return null;
      const from = path.relative(folder, id).split(path.sep).join('/');
      return code
        .replaceAll('import.meta.url', `new URL(${JSON.stringify(from)}, import.meta.url).href`)
        .replaceAll(
          'import.meta.dirname',
          `(import.meta.dirname + ${JSON.stringify(`/${path.posix.dirname(from)}`)})`,
        );
    },
  };
}

function licenseOf(folder: string): string {
  const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
    license: string;
  };
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  const text = file === undefined ? '' : readFileSync(path.join(folder, file), 'utf8');
  return `${manifest.name} ${manifest.version}: ${manifest.license}\n\n${text}\n${'-'.repeat(80)}\n`;
}
