/** The line with this number of a long transcript; every thousandth is too large for its entry. */
export function lineOf(at: number, chars: number): string {
  const long = at % 1000 === 999 ? 200 * 1024 : chars;
  const uuid = nameOf(at);
  const parentUuid = at === 0 ? null : nameOf(at - 1);
  const content = `${at} ${'words '.repeat(long / 6)}`;
  const [type, message] =
    at % 2 === 0
      ? ['user', { role: 'user', content }]
      : [
          'assistant',
          { id: `msg_${at}`, role: 'assistant', content: [{ type: 'text', text: content }] },
        ];
  return JSON.stringify({
    parentUuid,
    isSidechain: false,
    sessionId: 'native',
    type,
    message,
    uuid,
  });
}

function nameOf(at: number): string {
  return `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`;
}
