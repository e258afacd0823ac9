/**
 * The lease on which the ids of a producer's items are remembered.
 *
 * An enqueue puts a marker `seen/<id>` on it, and only if there is none. So, however
 * often a request is sent, and however late it arrives, it is carried out once: as long as
 * the lease lives, the marker is in the way of a second time, and when it has ended, the
 * server refuses to put anything on it.
 *
 * One lease serves all enqueues of `dedupSeconds`, and lives twice as long; then the next
 * one is granted. It is never renewed and never revoked: it runs out, and the server
 * deletes the markers. Nobody has to clean up.
 */

import type { Keyspace, Lease } from '../../client/index.js'

/** See the head of the file. */
export class Markers {
  readonly #client: Keyspace
  readonly #dedupSeconds: number
  #lease: Promise<Lease> | undefined

  constructor(client: Keyspace, dedupSeconds: number) {
    this.#client = client
    this.#dedupSeconds = dedupSeconds
  }

  /** A lease that lives for `dedupSeconds` at least. */
  async lease(): Promise<Lease> {
    for (;;) {
      this.#lease ??= this.#grant()
      const asked = this.#lease
      const lease = await asked
      if (this.#client.clock.now() < lease.grantedAtMs + this.#dedupSeconds * 1_000) return lease
      if (this.#lease === asked) this.#lease = undefined
    }
  }

  /** It is gone before its time. */
  forget(): void {
    this.#lease = undefined
  }

  async #grant(): Promise<Lease> {
    try {
      return await this.#client.lease.grant(2 * this.#dedupSeconds)
    } catch (error) {
      this.#lease = undefined
      throw error
    }
  }
}
