import type { Client } from 'turnkeep/client';

/** Gives a log to the browser as a file. */
export async function download(client: Client, session: string, name: string): Promise<void> {
  const stream = await client.sessions.export({ session });
  const file = await new Response(stream).blob();
  const address = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = address;
  link.download = `${name.replaceAll(/[^\p{L}\p{N}_-]+/gu, '-').slice(0, 60) || session}.jsonl`;
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
