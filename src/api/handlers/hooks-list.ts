import type { Handler } from '../handler.ts';

export const hooksList: Handler<'hooks.list'> = async (_input, { hooks }) => {
  const { notify, beforeCommit, ...rest } = await hooks.view();
  return {
    ...rest,
    notify: notify.map((hook) => ({ ...hook, events: [...hook.events], last: [...hook.last] })),
    beforeCommit: [...beforeCommit],
  };
};
