/** Told of what nobody waits for: an event's name, and its data. */
export type Log = (event: string, data: object) => void;
