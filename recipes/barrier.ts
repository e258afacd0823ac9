/**
 * A barrier: it is down, and those who come to it wait until it is lifted.
 *
 * Promise: **`wait` returns only if the barrier was open at a moment between call and return;
 * `release` and `hold` do what they say at most once, whatever becomes of their requests.**
 *
 * The barrier is one key, its name, as in etcd's own recipe: while the key is there, it is
 * closed. A barrier that nobody holds is open.
 *
 * 1. **Hold**: put the key if it is missing. A lost answer must not leave a put behind that
 *    arrives after somebody has released the barrier and closes it for ever, so the put is a
 *    sure commit (sure-commits.ts).
 * 2. **Wait**: read the key; missing: go on. Else watch it from that revision on until it is
 *    deleted. What counts is the deletion and nothing else, so no lost connection, and no
 *    other event, lets anybody through (Curator #1290).
 * 3. **Release**: read the key, and delete it if it is the one that was read; a repetition
 *    that arrives late does not harm the next hold.
 *
 * On a session the key hangs on its lease: the barrier opens when the one that holds it dies.
 *
 * | | round trips |
 * | --- | --- |
 * | `hold` | 1 |
 * | `wait`, open | 1 |
 * | `wait`, closed | 1, and a watch on one key |
 * | `release` | 2 |
 *
 * Lease lost (on a session): the barrier is open when the server has ended the lease.
 * Partition: those who wait, wait on. Crash of who holds: without a session it stays closed
 * until somebody releases it.
 */

import { compare, type Keyspace, op, type RequestOptions } from '../client/index.js'
import { isInDoubt, isTransient } from './errors.js'
import { ask, nextChange } from './looking.js'
import { checkName } from './names.js'
import { pause } from './pause.js'
import type { Session } from './session.js'
import { type DeedResult, SureCommits } from './sure-commits.js'
import { Waiting, type WaitOptions } from './waiting.js'

/** Where sure commits of barriers leave their marks. */
const MARK_PREFIX = 'conclave/marks/barrier'
const RETRY_MS = 100

/**
 * A barrier by name; see the head of the file. Making one costs nothing.
 *
 * @example
 * const barrier = new Barrier(client, 'migration')
 * await barrier.hold()
 * // Elsewhere: await new Barrier(client, 'migration').wait()
 * await barrier.release()
 */
export class Barrier {
  readonly name: string
  readonly #on: Session | Keyspace
  readonly #client: Keyspace
  readonly #session: Session | undefined

  /**
   * @param on a session: what is held opens when it ends; or a client: it stays until it is released.
   * @param name not empty, not ending in `/`. It is the key.
   * @throws {ConclaveError} `invalid-argument`.
   */
  constructor(on: Session | Keyspace, name: string) {
    checkName(name)
    this.name = name
    this.#on = on
    this.#session = 'onLost' in on ? on : undefined
    this.#client = 'onLost' in on ? on.client : on
  }

  /**
   * Closes it; false when it was closed already.
   *
   * @throws {LostError} the session is lost.
   * @throws {ConclaveError} `cancelled`, `deadline-exceeded`; with `outcomeUnknown` when it may
   *   have been closed: ask {@link isHeld}.
   */
  hold(options: WaitOptions = {}): Promise<boolean> {
    return this.#while(options, async (waiting) => (await this.#put(waiting)).succeeded)
  }

  /**
   * Waits until it is open.
   *
   * @throws {ConclaveError} `cancelled`, `deadline-exceeded`, `permission-denied`, ….
   * @throws {LostError} the session is lost.
   */
  wait(options: WaitOptions = {}): Promise<void> {
    return this.#while(options, async (waiting) => {
      for (;;) {
        let deleted = false
        const { token, revision } = await this.#look(waiting)
        if (token === undefined) return
        const matters = () => {
          deleted = true
          return true
        }
        const watched = { keyOrRange: this.name, filters: ['noPut'] as const, matters }
        await nextChange(waiting, [watched], revision)
        if (deleted) return
      }
    })
  }

  /**
   * Opens it, whoever closed it; false when it was open. Those who wait go on.
   *
   * @throws {ConclaveError} `cancelled`, `deadline-exceeded`, ….
   */
  release(options: WaitOptions = {}): Promise<boolean> {
    return this.#while(options, async (waiting) => {
      const { token } = await this.#look(waiting)
      if (token === undefined) return false
      let tries = 0
      const { succeeded } = await ask(waiting, () => {
        tries++
        return this.#client
          .txn()
          .if(compare(this.name).createRevision('=', token))
          .then(op.delete(this.name))
          .commit({ signal: waiting.signal })
      })
      // Gone, though an earlier try may have deleted it.
      return succeeded || tries > 1
    })
  }

  /** Whether it is closed right now. */
  async isHeld(options: RequestOptions = {}): Promise<boolean> {
    return (await this.#client.kv.get(this.name, options)) !== null
  }

  /** Step 1; what was certainly not done is tried again. */
  async #put(waiting: Waiting): Promise<DeedResult> {
    const lease = this.#session?.id ?? 0n
    const deed = {
      conditions: [compare(this.name).missing()],
      writes: [op.put(this.name, this.#session?.owner ?? '', { lease })],
      reads: [],
    }
    for (;;) {
      try {
        return await SureCommits.of(this.#client, MARK_PREFIX).commit(deed, waiting)
      } catch (error) {
        if (isInDoubt(error)) throw error
        waiting.check()
        if (!isTransient(error)) throw error
        await pause(this.#client, RETRY_MS, waiting.signal)
      }
    }
  }

  /** The create revision of the key, if it is there. */
  async #look(waiting: Waiting): Promise<{ token: number | undefined; revision: number }> {
    const range = { from: this.name, to: `${this.name}\0` }
    const read = () => this.#client.kv.getAll(range, { keysOnly: true, signal: waiting.signal })
    const { kvs, revision } = await ask(waiting, read)
    return { token: kvs[0]?.createRevision, revision }
  }

  async #while<T>(options: WaitOptions, run: (waiting: Waiting) => Promise<T>): Promise<T> {
    const waiting = new Waiting(this.#on, options, `The barrier '${this.name}'`)
    try {
      return await run(waiting)
    } finally {
      waiting.close()
    }
  }
}
