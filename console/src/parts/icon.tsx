import type { ReactNode } from 'react';

/** Line drawings on a grid of 16, drawn for the console. */
const shapes = {
  back: 'M10 3 5 8l5 5',
  list: 'M3 4h10M3 8h10M3 12h10',
  inbox: 'M2.5 9h3l1 2h3l1-2h3M2.5 9l2-5.5h7l2 5.5v3.5h-11z',
  chart: 'M3 13V7M8 13V3M13 13V9',
  gear: 'M8 5.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5M8 2v1.5M8 12.5V14M2 8h1.5M12.5 8H14M3.8 3.8l1 1M11.2 11.2l1 1M3.8 12.2l1-1M11.2 4.8l1-1',
  plus: 'M8 3v10M3 8h10',
  pin: 'M6 2.5h4l-.5 4 2 2.5h-7l2-2.5zM8 9v4.5',
  archive: 'M2.5 3.5h11v3h-11zM3.5 6.5v6h9v-6M6.5 9h3',
  down: 'M8 3v9M4 8.5l4 4 4-4',
  chevron: 'M6 3.5 10.5 8 6 12.5',
  stop: 'M4.5 4.5h7v7h-7z',
  send: 'M8 13V3.5M4 7l4-4 4 4',
  more: 'M3.5 8h.01M8 8h.01M12.5 8h.01',
  search: 'M7 3a4 4 0 1 0 0 8 4 4 0 0 0 0-8M10 10l3.5 3.5',
  close: 'M4 4l8 8M12 4l-8 8',
  branch: 'M4.5 3v10M4.5 6.5c0 3 7 1 7-2.5M11.5 4V3',
} as const;

export type IconName = keyof typeof shapes;

export function Icon({ name }: { name: IconName }): ReactNode {
  return (
    <svg
      aria-hidden="true"
      width="16"
      height="16"
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === 'more' ? 2.2 : 1.4}
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={shapes[name]} />
    </svg>
  );
}
