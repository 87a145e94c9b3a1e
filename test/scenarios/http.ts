import { Agent, request, type IncomingMessage } from 'node:http';
import { type Answers, type Asker, type Operation, Refused } from './wire.ts';

export interface Answered {
  status: number;
  headers: IncomingMessage['headers'];
  text: string;
}

/** `POST /v1/{operation}` over connections that stay open. */
export class Http implements Asker {
  readonly url: string;
  readonly token: string | null;
  readonly #client: string | undefined;
  readonly agent = new Agent({ keepAlive: true, maxSockets: 16 });

  constructor(url: string, token: string | null, client?: string) {
    this.url = url;
    this.token = token;
    this.#client = client;
  }

  async call<Name extends Operation>(name: Name, input: object = {}): Promise<Answers[Name]> {
    const { status, text } = await this.post(`/v1/${name}`, JSON.stringify(input));
    const answer = JSON.parse(text) as Answers[Name] & {
      error: ConstructorParameters<typeof Refused>[0];
    };
    if (status === 200) return answer;
    throw new Refused(answer.error);
  }

  post(path: string, body: string | Buffer, type = 'application/json'): Promise<Answered> {
    return this.#ask('POST', path, { 'content-type': type }, body);
  }

  get(path: string): Promise<Answered> {
    return this.#ask('GET', path, {});
  }

  close(): void {
    this.agent.destroy();
  }

  headers(): { [name: string]: string } {
    return {
      ...(this.token === null ? {} : { authorization: `Bearer ${this.token}` }),
      ...(this.#client === undefined ? {} : { 'x-turnkeep-client': this.#client }),
    };
  }

  #ask(
    method: string,
    path: string,
    headers: { [name: string]: string },
    body: string | Buffer = '',
  ): Promise<Answered> {
    return new Promise((resolve, reject) => {
      const asked = request(`${this.url}${path}`, {
        method,
        agent: this.agent,
        headers: {
          ...headers,
          ...(method === 'POST' ? { 'content-length': Buffer.byteLength(body) } : {}),
          ...this.headers(),
        },
      });
      asked.on('error', reject);
      asked.on('response', (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text });
        });
      });
      asked.end(body);
    });
  }
}
