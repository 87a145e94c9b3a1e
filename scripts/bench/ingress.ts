import { Agent, request } from 'node:http';
import { createAppender } from '../../src/client/index.ts';
import { fsyncs } from './appends.ts';
import type { BenchDaemon } from './daemon.ts';
import { type Measure, quantile, result } from './result.ts';

/** An entry of a transcript of about 1 KB. */
const text = 'x'.repeat(700);

/** Entries of transcripts that are written over HTTP, each durable before its answer. */
export const ingress: Measure = async (place) => {
  const daemon = await place.daemon('ingress', { as: { agent: null }, probed: true });
  const seconds = place.size(5, 0.3);
  const one = await writers(daemon, { sessions: 1, seconds });
  const many = await writers(daemon, { sessions: 32, seconds });
  const batched = await batches(daemon, place.size(20_000, 200));
  const disk = fsyncs(place.path('file'));
  await daemon.stop();
  return [
    result('ingress-1', 'entries written over HTTP, one writer', one.rate, '/s'),
    result('ingress-1-p50', '… p50', quantile(one.times, 0.5), 'ms'),
    result('ingress-1-p99', '… p99', quantile(one.times, 0.99), 'ms'),
    result('ingress-32', '… 32 sessions, one writer each', many.rate, '/s'),
    result('ingress-32-p50', '… p50', quantile(many.times, 0.5), 'ms'),
    result('ingress-32-p99', '… p99', quantile(many.times, 0.99), 'ms'),
    result('ingress-batch', '… one writer that sends many at once', batched, '/s'),
    result('fsync', 'fsyncs of the disk, one after another', disk, '/s'),
  ];
};

/** Each sends an entry when the one before it was answered. */
async function writers(
  daemon: BenchDaemon,
  { sessions, seconds }: { sessions: number; seconds: number },
): Promise<{ rate: number; times: number[] }> {
  const agent = new Agent({ keepAlive: true, maxSockets: sessions });
  const times: number[] = [];
  const from = performance.now() + 1000;
  const end = from + seconds * 1000;
  const write = async (number: number): Promise<void> => {
    let head: string | null = null;
    for (let count = 0; performance.now() < end || count === 0; count += 1) {
      const session = `${sessions}-writers-${number}`;
      const began = performance.now();
      head = await put(daemon, agent, { session, uuid: `${session}-${count}`, head });
      if (began >= from) times.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: sessions }, (_, number) => write(number)));
  agent.destroy();
  return { rate: times.length / ((performance.now() - from) / 1000), times };
}

/** Answers the uuid, which is the head by then. */
function put(
  { url, token }: BenchDaemon,
  agent: Agent,
  { session, uuid, head }: { session: string; uuid: string; head: string | null },
): Promise<string> {
  const body = JSON.stringify(entry(uuid));
  return new Promise((resolve, reject) => {
    const asked = request(`${url}/v1/session_ingress/session/${session}`, {
      method: 'PUT',
      agent,
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        authorization: `Bearer ${token}`,
        ...(head === null ? {} : { 'last-uuid': head }),
      },
    });
    asked.on('error', reject);
    asked.on('response', (answer) => {
      answer.resume();
      answer.on('end', () => {
        if (answer.statusCode === 201) resolve(uuid);
        else reject(new Error(`An entry was answered with ${answer.statusCode}.`));
      });
    });
    asked.end(body);
  });
}

/** Entries a second of the project's own client, which has them all from the beginning. */
async function batches({ url, token }: BenchDaemon, count: number): Promise<number> {
  const appender = await createAppender({ url, token, onConflict: 'fail' });
  const session = 'batches';
  const first = await appender.append(session, entry('first'), { after: null });
  await first.settled;
  const began = performance.now();
  for (let number = 0; number < count; number += 1) {
    await appender.append(session, entry(`batch-${number}`));
  }
  await appender.rest();
  const rate = count / ((performance.now() - began) / 1000);
  const waiting = appender.waiting();
  await appender.close();
  if (waiting.length > 0) throw new Error('Not all entries were stored.');
  return rate;
}

function entry(uuid: string): { uuid: string; type: string; message: object } {
  return { uuid, type: 'user', message: { role: 'user', content: text } };
}
