import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A way to a daemon on which answers get lost: the request arrives, and then the connection is gone. */
export class Lossy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #target: number;
  /** Whether the next answer is lost. */
  loses: () => boolean = () => false;
  lost = 0;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async open(url: string): Promise<Lossy> {
    const lossy = new Lossy(Number(new URL(url).port));
    lossy.#server.listen(0, '127.0.0.1');
    await once(lossy.#server, 'listening');
    onTestFinished(async () => {
      for (const socket of lossy.#sockets) socket.destroy();
      lossy.#server.close();
      await once(lossy.#server, 'close');
    });
    return lossy;
  }

  /** Its own port is not among the hosts that a daemon answers to: requests name the daemon's. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  #serve(socket: Socket): void {
    const upstream = connect(this.#target, '127.0.0.1');
    for (const each of [socket, upstream]) {
      this.#sockets.add(each);
      each.on('error', () => each.destroy());
      each.on('close', () => {
        this.#sockets.delete(each);
        socket.destroy();
        upstream.destroy();
      });
    }
    socket.pipe(upstream);
    upstream.on('data', (part: Buffer) => {
      if (!this.loses()) return void socket.write(part);
      this.lost += 1;
      socket.destroy();
    });
  }
}
