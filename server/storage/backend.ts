/**
 * The backend: the database of one member, with every write visible at once.
 *
 * The database commits in batches, some time after the writes. Between the two the
 * writes live here, in up to two overlays above the database:
 *
 *   get, entries ->  pending      what was put since the last cut
 *                    committing   the batch that the database is writing now
 *                    database     what is durable
 *
 * 1. A put goes into `pending` and starts the clock of a commit: 100 ms, or 10,000
 *    writes, or somebody calls `commit()`.
 * 2. Then `pending` is cut: it becomes `committing`, a fresh one takes its place, and
 *    the database writes it as one atomic batch. A cut only ever happens in a turn of
 *    its own, so what one turn put together (the effects of a log entry and the
 *    applied index) is in one batch and survives a crash together or not at all.
 * 3. One commit is in flight; the next one gathers meanwhile.
 * 4. A failed commit is final: nobody can know what is on the disk. `onFatal` is
 *    called once, and nothing is written any more.
 */

import type { Clock, Timer } from '../../client/host/clock.js'
import type { Database, DatabaseReader, DatabaseSnapshot, KeyRange } from '../host/database.js'
import { diskRemedy } from './disk-remedy.js'
import { mergeEntries, Overlay } from './overlay.js'

/** Options of {@link Backend}. */
export interface BackendOptions {
  /** Owned by the backend from here on. */
  readonly database: Database
  readonly clock: Clock
  /** A write waits no longer than this for its commit to begin. Default 100 ms, as etcd. */
  readonly commitIntervalMs?: number
  /** So many pending writes are committed at once. Default 10,000, as etcd. */
  readonly commitWritesMax?: number
  /** Called once: a commit failed, and the member must end. */
  readonly onFatal: (reason: Error) => void
}

/** Readable and writable state of one member; see the head of this file. */
export class Backend implements DatabaseReader {
  /** What is committed and nothing else: it is what a restart would find, or older. */
  readonly durable: DatabaseReader
  /** Called after each commit, when it is durable. */
  onCommit: (() => void) | undefined

  readonly #database: Database
  readonly #clock: Clock
  readonly #commitIntervalMs: number
  readonly #commitWritesMax: number
  readonly #onFatal: (reason: Error) => void

  #pending = new Overlay()
  #committing: Overlay | undefined
  #timer: Timer | undefined
  /** The pending batch shall be cut as soon as the one before it is through. */
  #due = false
  /** A cut waits for the end of the turn. */
  #cutting = false
  #failure: Error | undefined
  #closed = false

  constructor(options: BackendOptions) {
    this.#database = options.database
    this.durable = options.database
    this.#clock = options.clock
    this.#commitIntervalMs = options.commitIntervalMs ?? 100
    this.#commitWritesMax = options.commitWritesMax ?? 10_000
    this.#onFatal = options.onFatal
  }

  get(table: string, key: string): Uint8Array | undefined {
    let value = this.#pending.get(table, key)
    if (value === undefined) value = this.#committing?.get(table, key)
    if (value === undefined) return this.#database.get(table, key)
    return value ?? undefined
  }

  /** In order, with uncommitted writes; later writes of the same turn do not show. */
  entries(table: string, range: KeyRange = {}): Iterable<readonly [string, Uint8Array]> {
    const pending = this.#pending.table(table)
    const committing = this.#committing?.table(table)
    if (!pending && !committing) return this.#database.entries(table, range)
    return mergeEntries(this.#database, table, range, [committing, pending])
  }

  /** @param value not copied; must not change any more. */
  put(table: string, key: string, value: Uint8Array): void {
    this.#change(table, key, value)
  }

  /** No error when there is no such key. */
  delete(table: string, key: string): void {
    this.#change(table, key, null)
  }

  /** Bytes that wait for their commit. It grows without bound if the disk stalls: whoever applies must look at it. */
  get uncommittedBytes(): number {
    return this.#pending.bytes + (this.#committing?.bytes ?? 0)
  }

  /** Resolves when all that was put before is durable; rejects when the commit failed. */
  commit(): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure)
    if (this.#pending.writes === 0) return this.#committing?.done ?? Promise.resolve()
    this.#hurry()
    return this.#pending.done
  }

  /** A frozen view with all that was put before; commits first. Must be closed. */
  async snapshot(): Promise<DatabaseSnapshot> {
    await this.commit()
    return this.#database.snapshot()
  }

  /** Of the database, plus an estimate for what waits. */
  sizes(): { readonly totalBytes: number; readonly usedBytes: number } {
    const { totalBytes, usedBytes } = this.#database.sizes()
    const waiting = this.uncommittedBytes
    return { totalBytes: totalBytes + waiting, usedBytes: usedBytes + waiting }
  }

  /** Commits what waits, then closes the database. Nothing may be put afterwards. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#timer?.cancel()
    try {
      if (!this.#failure) await this.commit()
    } finally {
      await this.#database.close()
    }
  }

  /**
   * Forgets what waits and closes the database: for a member that must not trust what
   * it has in memory. A batch that the database is writing already may still arrive.
   */
  async abandon(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#timer?.cancel()
    this.#failure ??= new Error('The backend was abandoned')
    this.#pending.reject(this.#failure)
    await this.#database.close()
  }

  #change(table: string, key: string, value: Uint8Array | null): void {
    if (this.#closed) throw new Error('The backend is closed')
    const pending = this.#pending
    pending.set(table, key, value)
    if (pending.writes >= this.#commitWritesMax) this.#hurry()
    else if (!this.#timer && !this.#due) {
      this.#timer = this.#clock.after(this.#commitIntervalMs, () => {
        this.#timer = undefined
        this.#hurry()
      })
    }
  }

  /** Cuts at the end of this turn, or after the commit that is in flight. */
  #hurry(): void {
    this.#due = true
    if (this.#cutting || this.#committing) return
    this.#cutting = true
    this.#clock.soon(() => {
      this.#cutting = false
      this.#cut()
    })
  }

  #cut(): void {
    if (this.#failure) return
    const batch = this.#pending
    this.#timer?.cancel()
    this.#timer = undefined
    this.#due = false
    if (batch.writes === 0) return
    this.#pending = new Overlay()
    this.#committing = batch
    this.#database.write(batch.toBatch()).then(
      () => this.#committed(batch),
      (cause) => this.#failed(batch, cause),
    )
  }

  #committed(batch: Overlay): void {
    this.#committing = undefined
    batch.resolve()
    if (this.#due) this.#hurry()
    this.onCommit?.()
  }

  #failed(batch: Overlay, cause: unknown): void {
    const reason = commitFailed(cause)
    this.#failure = reason
    batch.reject(reason)
    this.#pending.reject(reason)
    this.#onFatal(reason)
  }
}

/** For the operator: what failed, where, why, and what to do. */
function commitFailed(cause: unknown): Error {
  const { code, path, message } = Object(cause) as Record<string, unknown>
  const where = typeof path === 'string' ? ` ${path}` : ''
  const remedy = diskRemedy(typeof code === 'string' ? code : undefined)
  return new Error(
    `The backend database${where} could not commit: ${message ?? cause}. ${remedy} Everything acknowledged before is safe.`,
    { cause },
  )
}
