import type { Socket } from 'node:net';
import { type Measure, result } from './result.ts';

/** Bytes that a subscriber's socket gets for one answer of 31 KB that is streamed to it. */
export const wire: Measure = async (place) => {
  const daemon = await place.daemon('state', { as: { agent: null }, probed: true });
  const characters = place.size(31 * 1024, 2000);
  await daemon.call('sessions.create', { id: 's1', cwd: place.work });
  const socket = await daemon.socket();
  const tcp = (socket as unknown as { _socket: Socket })._socket;
  const before = tcp.bytesRead;
  let textBytes = 0;
  const ended = new Promise<void>((resolve) => {
    socket.on('message', (data: Buffer) => {
      const { method, params } = JSON.parse(data.toString()) as {
        method?: string;
        params?: { entry?: { kind: string }; text?: string };
      };
      if (method === 'partial') textBytes += Buffer.byteLength(params?.text ?? '');
      if (params?.entry?.kind === 'run_ended') resolve();
    });
  });
  const open = { session: 's1', after: 0 };
  socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'feeds.open', params: open }));
  const content = `[[pace 3]] [[chunk 12]] [[long ${characters}|7]]`;
  await daemon.call('sessions.send', { session: 's1', content });
  await ended;
  const bytes = tcp.bytesRead - before;
  socket.terminate();
  await daemon.stop();
  return [
    result(
      'wire-ratio',
      'bytes on the wire for a streamed 31 KB answer',
      bytes / textBytes,
      'x text',
      { atMost: 2 },
    ),
    result('wire-bytes', '… bytes in all', bytes, 'bytes'),
  ];
};
