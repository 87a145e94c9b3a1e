import type { Files } from '../ports/files.ts';
import { Bounds } from './area.ts';
import { putPlace } from './put.ts';
import { readPlace } from './read.ts';

/** The files of this machine, without those in `closed`: directories of the daemon's own, by real path. */
export function openFiles({ closed }: { closed: readonly string[] }): Files {
  const bounds = new Bounds(closed);
  return {
    places: (named, area) => bounds.places(named, area),
    read: (path, area, maxBytes) => readPlace(bounds, { path, area, maxBytes }),
    put: (put) => putPlace(bounds, put),
  };
}
