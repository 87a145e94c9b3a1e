/** Free space of the file system that holds the state directory, and the reserve that is kept there. */
export interface Space {
  /** Bytes that may still be written. */
  free(): Promise<number>;
  /** Makes the reserve: a file of real blocks. Does nothing where it is there. */
  reserve(bytes: number): Promise<void>;
  /** Gives the reserve back to the file system, for the store. */
  release(): Promise<void>;
}
