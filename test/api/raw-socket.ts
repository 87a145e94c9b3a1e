import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Where to connect to, and as whom. */
export interface Door {
  port: number;
  secret: string;
}

/** A connection without any library between: what it is given is sent as it is. */
export async function rawConnection({ port }: Door): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** The head of a request for an operation. */
export function headOf({ port, secret }: Door, headers: readonly string[], name = 'agents.list') {
  return [
    `POST /v1/${name} HTTP/1.1`,
    `Host: localhost:${port}`,
    `Authorization: Bearer ${secret}`,
    'Content-Type: application/json',
    ...headers,
    '\r\n',
  ].join('\r\n');
}

/** A WebSocket of which only the handshake was done right. */
export async function rawWebSocket(door: Door): Promise<Socket> {
  const socket = await rawConnection(door);
  const lines = [
    'GET /rpc HTTP/1.1',
    `Host: localhost:${door.port}`,
    `Authorization: Bearer ${door.secret}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    '\r\n',
  ];
  socket.write(lines.join('\r\n'));
  const [head] = (await once(socket, 'data')) as [Buffer];
  if (!head.toString().startsWith('HTTP/1.1 101 ')) throw new Error(head.toString());
  return socket;
}

export interface FrameParts {
  /** First byte: FIN, three reserved bits, four of the opcode. */
  first: number;
  payload?: string | Uint8Array;
  masked?: boolean;
  /** The length that it claims, where that is not its own. */
  length?: number;
}

/** A frame of a client, right or wrong. The mask is of zeros: the payload is as it was given. */
export function frame({ first, payload = '', masked = true, length }: FrameParts): Buffer {
  const bytes = Buffer.from(payload as string);
  const size = length ?? bytes.length;
  const mask = masked ? 0x80 : 0;
  let head: Buffer;
  if (size < 126) head = Buffer.from([first, mask | size]);
  else if (size < 65_536) {
    head = Buffer.from([first, mask | 126, 0, 0]);
    head.writeUInt16BE(size, 2);
  } else {
    head = Buffer.from([first, mask | 127, 0, 0, 0, 0, 0, 0, 0, 0]);
    head.writeBigUInt64BE(BigInt(size), 2);
  }
  return Buffer.concat([head, Buffer.alloc(masked ? 4 : 0), bytes]);
}

export const textFrame = (text: string): Buffer => frame({ first: 0x81, payload: text });

/** All that came until the other side ended it. */
export async function untilEnd(socket: Socket): Promise<Buffer> {
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => parts.push(part));
  // An error before it is an end like any other.
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(parts);
}

/** The code in the close frame of a server; undefined where it gave none. */
export function closeCode(received: Buffer): number | undefined {
  const at = received.lastIndexOf(0x88);
  return at < 0 || at + 4 > received.length ? undefined : received.readUInt16BE(at + 2);
}
