import type { Page } from 'playwright-core';
import { call, type Told } from './imported.ts';

const words =
  'what was found, what will be changed because of it, and which test will show that the change is right ';
const prose = (chars: number) => words.repeat(chars / words.length + 1).slice(0, chars);
const code = (lines: number) =>
  `\n\n\`\`\`ts\n${Array.from({ length: lines }, (_, at) => `const line${at}: number = ${at};`).join('\n')}\n\`\`\`\n\n`;

/** Entries as different in height as those of agents: long Markdown, code, folded thoughts, cards, short lines. */
export function mixed(count: number): Told[] {
  return Array.from({ length: count }, (_, at): Told => {
    const seq = at + 2;
    switch (at % 6) {
      case 0:
        return message(
          `# Part ${seq}\n\n${prose(300)}\n\n- one\n- two${code(at % 60)}${prose(900)}`,
        );
      case 1:
        return {
          kind: 'thought',
          data: { content: [{ type: 'text', text: `Thought ${seq}. ${prose(2_000)}` }] },
        } as Told;
      case 2:
        return call(`c${seq}`, {
          kind: 'execute',
          title: `make part${seq}`,
          rawInput: { command: `make part${seq}` },
          result: 'ok\n'.repeat(at % 40),
        });
      case 3:
        return message(`Line ${seq}.`);
      case 4:
        return message(
          `${seq}. ${Array.from({ length: 20 }, () => prose(1_000)).join('\n\n')}`.slice(0, 20_000),
        );
      default:
        return message(`${seq}. ${prose(150 * (at % 11))}`);
    }
  });
}

const message = (text: string): Told => ({
  kind: 'message',
  data: { content: [{ type: 'text', text }] },
});

/** How far the end of the log is below what is in sight. */
export const left = (page: Page): Promise<number> =>
  page.getByRole('log').evaluate((list) => list.scrollHeight - list.clientHeight - list.scrollTop);

/** Resolves when the log has been the same for some frames. */
export const settled = (page: Page): Promise<void> =>
  page.getByRole('log').evaluate(async (list) => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    for (let [same, last] = [0, '']; same < 6;) {
      await frame();
      const now = `${list.scrollTop} ${list.scrollHeight} ${list.firstElementChild!.childElementCount}`;
      same = now === last ? same + 1 : 0;
      last = now;
    }
  });

interface Walk {
  steps: number;
  by: number;
}

/** Scrolls in the page, a step in two frames, and tells what moved by another way than the step. */
export async function drifted(
  list: Element,
  { steps, by }: Walk,
): Promise<{ drifts: string[]; blank: number; first: number; times: number[] }> {
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const tops = () => {
    const view = list.getBoundingClientRect();
    const shown = new Map<Element, number>();
    for (const one of list.querySelectorAll('.item, .item p, .item li, .item pre')) {
      const { top, bottom } = one.getBoundingClientRect();
      if (bottom > view.top && top < view.bottom) shown.set(one, top);
    }
    return shown;
  };
  const drifts: string[] = [];
  const times: number[] = [];
  let blank = 0;
  for (let step = 0; step < steps; step += 1) {
    const before = tops();
    const free = list.scrollHeight - list.clientHeight - list.scrollTop;
    const begun = performance.now();
    const way = Math.max(-list.scrollTop, Math.min(by, free));
    list.scrollBy(0, way);
    await frame();
    await frame();
    times.push(performance.now() - begun);
    const after = tops();
    if (after.size === 0) blank += 1;
    for (const [one, top] of after) {
      const drift = top - (before.get(one) ?? top + way) + way;
      if (Math.abs(drift) > 2) drifts.push(`step ${step}: ${Math.round(drift)} px`);
    }
  }
  const first = list.querySelector<HTMLElement>('[data-seq]')?.dataset['seq'];
  return { drifts, blank, first: Number(first), times };
}

/** Watches the first thing in sight in every frame. */
export async function watchPlace(page: Page): Promise<{ most: () => Promise<number> }> {
  const watch = await page.getByRole('log').evaluateHandle((list) => {
    const view = list.getBoundingClientRect();
    const node = [...list.querySelectorAll('.item p, .item pre, .thought-box')].find(
      (one) => one.getBoundingClientRect().top > view.top,
    );
    if (node === undefined) throw new Error('There is nothing in sight.');
    const began = node.getBoundingClientRect().top;
    const told = { most: 0 };
    // As it is painted: after all that observes sizes.
    const look = () => {
      const painted = new ResizeObserver(() => {
        painted.disconnect();
        const off = Math.abs(node.getBoundingClientRect().top - began);
        told.most = Math.max(told.most, node.isConnected ? off : Infinity);
      });
      painted.observe(list);
      requestAnimationFrame(look);
    };
    look();
    return told;
  });
  return { most: () => watch.evaluate(({ most }) => most) };
}

/** The greatest distance from the end in any frame from now on. */
export async function watchEnd(page: Page): Promise<{ most: () => Promise<number> }> {
  const watch = await page.getByRole('log').evaluateHandle((list) => {
    const told = { most: 0 };
    const look = () => {
      const painted = new ResizeObserver(() => {
        painted.disconnect();
        const away = list.scrollHeight - list.clientHeight - list.scrollTop;
        told.most = Math.max(told.most, away);
      });
      painted.observe(list);
      requestAnimationFrame(look);
    };
    look();
    return told;
  });
  return { most: () => watch.evaluate(({ most }) => most) };
}

interface Renders {
  commits: number;
  /** Items of the log that were rendered. */
  items: number;
  /** Components in all. */
  most: number;
}

/** Has React tell of its commits, as it does to the browser's tools for developers. To be called before the page is loaded. */
export async function countRenders(page: Page): Promise<() => Promise<Renders>> {
  await page.addInitScript(() => {
    interface Fiber {
      tag: number;
      flags: number;
      type: unknown;
      stateNode: unknown;
      child: Fiber | null;
      sibling: Fiber | null;
      alternate: Fiber | null;
    }
    const renders = { commits: 0, items: 0, most: 0 };
    Object.assign(window, { renders });
    const isFunction = ({ tag }: Fiber) => [0, 11, 14, 15].includes(tag);
    const hostOf = (fiber: Fiber | null): Element | null => {
      for (let at = fiber; at !== null; at = at.child) {
        if (at.stateNode instanceof Element) return at.stateNode;
      }
      return null;
    };
    const walk = (fiber: Fiber): number => {
      let count = 0;
      const { alternate } = fiber;
      // Performed work; of a component that was left alone the flag is from before.
      const isNew = alternate === null;
      if (isFunction(fiber) && (isNew || (fiber.flags & 1) !== 0)) {
        count += 1;
        if (fiber.child?.tag === 5 && hostOf(fiber)?.matches('.item')) renders.items += 1;
      }
      if (isNew || alternate.child !== fiber.child) {
        for (let at = fiber.child; at !== null; at = at.sibling) count += walk(at);
      }
      return count;
    };
    Object.assign(window, {
      __REACT_DEVTOOLS_GLOBAL_HOOK__: {
        isDisabled: false,
        supportsFiber: true,
        renderers: new Map(),
        inject: () => 1,
        checkDCE: () => undefined,
        onCommitFiberUnmount: () => undefined,
        onPostCommitFiberRoot: () => undefined,
        onCommitFiberRoot: (_id: number, root: { current: Fiber }) => {
          renders.commits += 1;
          renders.most = Math.max(renders.most, walk(root.current));
        },
      },
    });
  });
  return () =>
    page.evaluate(() => {
      const { renders } = window as unknown as { renders: Renders };
      const told = { ...renders };
      Object.assign(renders, { commits: 0, items: 0, most: 0 });
      return told;
    });
}
