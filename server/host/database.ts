/**
 * The port to the backend database: ordered tables, atomic batches, frozen views.
 *
 * Keys are latin1 strings: one character is one byte and `<` orders them like
 * bytes. Values are bytes; what a reader gets must not be changed.
 */

/** One change of a batch; no value deletes. */
export interface DatabaseWrite {
  readonly table: string
  readonly key: string
  readonly value: Uint8Array | undefined
}

/** Half-open interval `[from, to)`; open-ended where absent. */
export interface KeyRange {
  readonly from?: string
  readonly to?: string
  readonly reverse?: boolean
  readonly limit?: number
}

/** Readable state. Iterators are valid until the next turn of the event loop. */
export interface DatabaseReader {
  get(table: string, key: string): Uint8Array | undefined
  entries(table: string, range?: KeyRange): Iterable<readonly [key: string, value: Uint8Array]>
}

/** A view that stays as it is while the database goes on. Must be closed. */
export interface DatabaseSnapshot extends DatabaseReader {
  close(): void
}

/** A database of one member. One owner at a time. */
export interface Database extends DatabaseReader {
  /** Applies the batch atomically; durable when it resolves. A failure is final. */
  write(batch: readonly DatabaseWrite[]): Promise<void>
  snapshot(): DatabaseSnapshot
  /** Bytes on disk, and how many of them hold data. */
  sizes(): { readonly totalBytes: number; readonly usedBytes: number }
  close(): Promise<void>
}

/** Opens databases by path. */
export interface Databases {
  /** The names of all tables, fixed for the life of the format. */
  open(path: string, tables: readonly string[]): Promise<Database>
  /** Moves a closed database over another path, durably; what was there is gone. */
  replace(from: string, to: string): Promise<void>
  /** Removes a closed database; no error when there is none. */
  remove(path: string): Promise<void>
}
