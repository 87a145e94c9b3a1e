import type { Json } from '../domain/json.ts';
import type { OfferedCommand } from '../ports/probe.ts';
import { memberAt, textAt } from './shape.ts';

/** Commands of one list, and characters of one text of it: more is not shown to anybody. */
const most = 300;
const chars = 300;

/** The commands of a list, whose hint stands under `hintName` or in an `input`; nothing where there are none. */
export function commandsIn(
  list: readonly Json[] | undefined,
  hintName: string,
): { commands?: readonly OfferedCommand[] } {
  const commands = (list ?? []).slice(0, most).flatMap((each): OfferedCommand[] => {
    const name = textAt(each, 'name')?.replace(/^\//, '');
    if (name === undefined || !/^\S{1,100}$/.test(name)) return [];
    const description = textAt(each, 'description')?.slice(0, chars);
    const hint = (textAt(each, hintName) ?? textAt(memberAt(each, 'input'), hintName))?.slice(
      0,
      chars,
    );
    return [
      {
        name,
        ...(description === undefined ? {} : { description }),
        ...(hint === undefined || hint === '' ? {} : { hint }),
      },
    ];
  });
  return commands.length === 0 ? {} : { commands };
}
