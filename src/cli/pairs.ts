import { refuse } from '../domain/refusal.ts';

/** For options that may be given more than once. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** `name=value`, cut at the first =. */
export function pair(text: string, option: string): [name: string, value: string] {
  const at = text.indexOf('=');
  if (at < 1) throw refuse('invalid', `${option} ${text}: write it as name=value.`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** All of them as one object; none where none was given. */
export function pairs(
  texts: readonly string[] | undefined,
  option: string,
): { [name: string]: string } | undefined {
  if (texts === undefined) return undefined;
  return Object.fromEntries(texts.map((text) => pair(text, option)));
}

/** Members that have a value: what was not given is left out, not sent as nothing. */
export function given<Value extends object>(
  value: Value,
): { [Name in keyof Value]?: Exclude<Value[Name], undefined> } {
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members) as { [Name in keyof Value]?: Exclude<Value[Name], undefined> };
}
