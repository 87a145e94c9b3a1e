/** The client for Node: finds the daemon of this machine and its token. */
export { diskOutbox, type DiskOutboxOptions } from './disk-outbox.ts';
export { nodeClient, type NodeClientOptions } from './node-client.ts';
export { nodeSocket } from './node-socket.ts';
export {
  type DaemonRecord,
  type Environment,
  readDaemonRecord,
  stateDirectory,
  tokenFileOf,
} from './state-directory.ts';
export { unixFetch } from './unix-fetch.ts';
