/** A daemon within a program of one's own; the `turnkeep` command starts the same one. */
export { type Daemon, type DaemonOptions, startDaemon } from './daemon.ts';
