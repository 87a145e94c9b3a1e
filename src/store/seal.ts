import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/**
 * A seal is a checksum over the columns of a row that no digest covers. It finds damage, not malice: the
 * digest says what an entry is, the seal that it lies where it was put.
 */
export function entrySeal(session: number, seq: number, at: string, digest: string): number {
  return crc32(`${session} ${seq} ${at} ${digest}`);
}

export function logSeal(
  session: string,
  log: { epoch: number; lastSeq: number; head: string | null },
): number {
  return crc32(`${session} ${log.epoch} ${log.lastSeq} ${log.head ?? ''}`);
}

export function stateSeal(version: number, json: string): number {
  return crc32(json, version >>> 0);
}

export function inputSeal(offset: number, bytes: Uint8Array): number {
  return crc32(bytes, offset % 0x1_0000_0000);
}

export function secretSeal(session: number, name: string, value: string): number {
  return crc32(`${session} ${name} ${value}`);
}

export function sha256(content: string | Uint8Array): string {
  return hash('sha256', content, 'hex');
}
