import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Plugin } from 'rolldown';

const root = path.join(import.meta.dirname, '..', '..');
/** The innermost package of a path, from the first `node_modules` on. */
const packageOf = /(node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+)\//;

/** Writes a file with the licences of all packages of which something is in the build. */
export function licenses(fileName = 'LICENSES.txt'): Plugin {
  return {
    name: 'licenses',
    generateBundle(_options, files) {
      const packages = new Set<string>();
      // Fonts and the like are no modules.
      const assets = Object.values(files).flatMap((file) =>
        file.type === 'asset' ? file.originalFileNames : [],
      );
      for (const id of [...this.getModuleIds(), ...assets]) {
        const found = packageOf.exec(id)?.[1];
        if (found !== undefined) packages.add(found);
      }
      const source = [...packages].toSorted().map(licenseOf).join('\n');
      this.emitFile({ type: 'asset', fileName, source });
    },
  };
}

function licenseOf(folder: string): string {
  const manifest = JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
    license: string;
  };
  const file = readdirSync(path.join(root, folder)).find((name) => /^licen[cs]e/i.test(name));
  const text = file === undefined ? '' : readFileSync(path.join(root, folder, file), 'utf8');
  return `${manifest.name} ${manifest.version}: ${manifest.license}\n\n${text}\n${'-'.repeat(80)}\n`;
}
