import type { Pages } from '../ports/console.ts';

/** Nothing but the console's own files runs or is asked, whatever an agent has written. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A file of the console; undefined where there is none at the path. */
export async function pageAnswer(
  pages: Pages,
  asked: { path: string; encodings: string | undefined; status?: 200 | 404 },
): Promise<Response | undefined> {
  const file = await pages.at(asked.path);
  if (file === undefined) return undefined;
  const packed = /\bgzip\b/.test(asked.encodings ?? '') ? file.gzip : undefined;
  return new Response(Buffer.from(packed ?? file.bytes), {
    status: asked.status ?? 200,
    headers: {
      'content-type': file.type,
      'content-security-policy': policy,
      'cache-control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-store',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      vary: 'accept-encoding',
      ...(packed === undefined ? {} : { 'content-encoding': 'gzip' }),
    },
  });
}
