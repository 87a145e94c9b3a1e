/** Whether somebody who scrolls will soon be where nothing more is laid out. */
export function nearEnd({ scrollTop, clientHeight, scrollHeight }: Element): boolean {
  return scrollHeight - scrollTop - clientHeight < clientHeight;
}
