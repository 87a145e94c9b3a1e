import { access, constants, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, resolve } from 'node:path';
import { LaunchError, type LaunchSpec } from '../../ports/hosts.ts';
import { absent, errorCode, unless } from '../directory/system-error.ts';

/** Where the system looks without a PATH. */
const defaultPath = '/usr/local/bin:/usr/bin:/bin';
/** Shells drop other names on the way to the program. */
const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The program's absolute path. What can be known to fail is refused here, before anything is made. */
export async function checkProgram(spec: LaunchSpec): Promise<string> {
  checkText(spec);
  await checkCwd(spec.cwd);
  const found = await findProgram(spec);
  if (found?.executable === true) return found.path;
  throw new LaunchError(
    'missing-program',
    `the program ${JSON.stringify(spec.program)} is not there or cannot be executed`,
  );
}

type Sought = Pick<LaunchSpec, 'program' | 'cwd' | 'env'>;

/** The file that would be executed; else one of that name that is there and cannot be; else nothing. */
export async function findProgram(
  spec: Sought,
): Promise<{ path: string; executable: boolean } | undefined> {
  let unusable: string | undefined;
  for (const path of candidates(spec)) {
    const found = await unless([...absent, 'EACCES'], stat(path));
    if (found?.isFile() !== true) continue;
    if (await executable(path)) return { path, executable: true };
    unusable ??= path;
  }
  return unusable === undefined ? undefined : { path: unusable, executable: false };
}

function candidates(spec: Sought): string[] {
  if (spec.program === '') return [];
  if (spec.program.includes('/')) return [resolve(spec.cwd, spec.program)];
  const path = spec.env['PATH'] ?? defaultPath;
  return path.split(delimiter).map((folder) => resolve(spec.cwd, folder, spec.program));
}

async function executable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch (error) {
    if ([...absent, 'EACCES'].includes(errorCode(error) ?? '')) return false;
    throw error;
  }
}

async function checkCwd(cwd: string): Promise<void> {
  const refuse = (why: string): LaunchError =>
    new LaunchError('missing-cwd', `the directory ${JSON.stringify(cwd)} ${why}`);
  if (!isAbsolute(cwd)) throw refuse('is not an absolute path');
  const found = await unless([...absent, 'EACCES'], stat(cwd));
  if (found === undefined) throw refuse('is not there');
  if (!found.isDirectory()) throw refuse('is not a directory');
  if (!(await executable(cwd))) throw refuse('may not be entered');
}

function checkText(spec: LaunchSpec): void {
  for (const name of Object.keys(spec.env)) {
    if (variableName.test(name)) continue;
    throw new LaunchError('other', `the variable name ${JSON.stringify(name)} cannot be passed on`);
  }
  const texts = [spec.program, spec.cwd, ...spec.args, ...Object.values(spec.env)];
  if (texts.some((text) => text.includes('\0'))) {
    throw new LaunchError('other', 'an argument or variable contains a NUL character');
  }
}
