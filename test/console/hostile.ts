import { call, said, type Told } from './imported.ts';

/** What an agent may say: each is shown as it is, and does nothing. */
export const words = [
  '<script>window.hit = 1</script>',
  '<img src=x onerror="window.hit = 2">',
  '<svg onload="window.hit = 3"><script>window.hit = 4</script></svg>',
  '<iframe srcdoc="<script>parent.hit = 5</script>"></iframe>',
  '[a link](javascript:window.hit=6)',
  '[another](  JaVaScRiPt:window.hit=7)',
  '[data](data:text/html,<script>window.hit=8</script>)',
  '![picture](http://192.0.2.1/track.png)',
  '<a href="javascript:window.hit=9">click</a>',
  '<style>body { display: none }</style>',
  '<javascript:window.hit=10>',
  '`<script>window.hit = 11</script>`',
  'before \u202Ereversed\u202C after \u2066isolated\u2069',
  '\u001B]0;a title\u0007\u001B[31mred\u001B[0m',
];

const svg =
  '<svg xmlns="http://www.w3.org/2000/svg" onload="window.hit=1"><script>window.hit=2</script></svg>';
const base64 = (text: string) => Buffer.from(text).toString('base64');
export const markup = '<img src=x onerror="window.hit=3"><script>window.hit=4</script>';
const script = 'javascript:window.hit=5';

/** Every place of every card that says what an agent says. */
export const everywhere: readonly Told[] = [
  said(
    `[link](${script}) [data](data:text/html,${markup}) <${script}> ![p](data:image/svg+xml;base64,${base64(svg)})`,
  ),
  { kind: 'thought', data: { content: [{ type: 'text', text: markup }] } },
  call(markup, {
    kind: 'execute',
    name: markup,
    input: { command: markup, description: markup },
    output: { exitCode: 1, signal: markup },
    result: markup,
  }),
  call('read', {
    kind: 'read',
    title: markup,
    locations: [{ path: `/${markup}.html` }],
    result: markup,
  }),
  call('edit', {
    kind: 'edit',
    title: markup,
    content: [{ type: 'diff', path: markup, oldText: markup, newText: `${markup}!` }],
  }),
  call('move', { kind: 'move', title: markup, locations: [{ path: markup }] }),
  call('search', {
    kind: 'search',
    title: markup,
    input: { pattern: markup, path: markup },
    result: markup,
  }),
  call('fetch', {
    kind: 'fetch',
    title: markup,
    input: { url: script, prompt: markup },
    result: `[x](${script})`,
  }),
  call('mcp', {
    name: `mcp__${markup}__${markup}`,
    title: markup,
    input: { [markup]: markup, __proto__: markup },
    result: markup,
  }),
  call('task', {
    kind: 'think',
    name: 'Task',
    title: markup,
    input: { prompt: `[x](${script})`, subagent_type: markup },
    result: markup,
  }),
  call('other', { name: markup, title: markup, output: { deep: [markup] } }),
  { kind: 'plan', data: { items: [{ content: markup, priority: 'high', status: 'pending' }] } },
  {
    kind: 'message',
    data: {
      content: [
        { type: 'image', mimeType: 'image/svg+xml', data: base64(svg) },
        { type: 'image', mimeType: `image/png;x,${markup}`, data: base64(svg) },
        { type: 'image', mimeType: 'image/png', data: base64(svg) },
        { type: 'resource_link', uri: script, name: markup },
        { type: 'resource', resource: { uri: script, mimeType: 'text/html', text: markup } },
        { type: 'resource', resource: { uri: 'http://192.0.2.7/x', blob: base64(svg) } },
      ],
    },
  },
  { kind: 'notice', data: { code: 'x', text: markup } },
  { kind: 'unrecognized', data: { reason: markup, raw: markup, count: 1 } },
];

const million = 1_000_000;
/** What is too much of something. */
export const floods: { readonly [name: string]: Told } = {
  'a megabyte on one line': call('line', { kind: 'execute', result: 'x'.repeat(million) }),
  'a flood of colours': call('ansi', {
    kind: 'execute',
    result: '\u001B[31mx\u001B[0m'.repeat(60_000),
  }),
  'a flood of cursors': call('cursor', {
    kind: 'execute',
    result: '\u001B[2J\u001B[1;1H\u001B]0;t\u0007x\r'.repeat(40_000),
  }),
  'emphasis without an end': said('_a'.repeat(45_000)),
  'quotes in quotes': said(`${'> '.repeat(3000)}deep`),
  'lists in lists': said(
    Array.from({ length: 300 }, (_, at) => `${' '.repeat(at * 2)}- a`).join('\n'),
  ),
  'a table of many rows': said(`|a|b|\n|-|-|\n${'|x|y|\n'.repeat(12_000)}`),
  'a table of many columns': said(
    `|${'a|'.repeat(8000)}\n|${'-|'.repeat(8000)}\n|${'b|'.repeat(8000)}`,
  ),
  'many headings': said('# a\n'.repeat(20_000)),
  'code that never ends': said(`\`\`\`js\n${'((((a='.repeat(9000)}`),
  'two texts with nothing in common': call('diff', {
    kind: 'edit',
    content: [
      {
        type: 'diff',
        path: 'x',
        oldText: Array.from({ length: 20_000 }, (_, at) => `a${at}`).join('\n'),
        newText: Array.from({ length: 20_000 }, (_, at) => `b${at * 7}`).join('\n'),
      },
    ],
  }),
};
