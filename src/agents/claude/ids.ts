import { sha1 } from '@noble/hashes/legacy.js';

/** The namespace of our names, itself a UUIDv5 of `turnkeep` in the namespace of URLs. */
const namespace = '498d7b0d-1e07-5b64-8109-7bf25dbfe8de';

const uuidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function isUuid(text: string): boolean {
  return uuidPattern.test(text);
}

/** What Claude Code calls a prompt: the same for ever, so that it recognises a repeated one. */
export function nativePrompt(session: string, prompt: string): string {
  return uuidOf(`prompt/${session}/${prompt}`);
}

/** The native session that a host opens: another one for each launch, until a prompt has reached it. */
export function nativeCandidate(session: string, host: string): string {
  return uuidOf(`session/${session}/${host}`);
}

/** UUIDv5 of RFC 9562. */
export function uuidOf(name: string): string {
  const space = Uint8Array.from(namespace.replaceAll('-', '').match(/../g)!, (hex) =>
    Number.parseInt(hex, 16),
  );
  const text = new TextEncoder().encode(name);
  const input = new Uint8Array(space.length + text.length);
  input.set(space);
  input.set(text, space.length);
  const bytes = sha1(input).subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
