/**
 * Members of our cluster that we do not know, and that talk to us all the same.
 *
 * Whoever was down while members were added, or has just joined, learns of them only from
 * the log, and gets the log perhaps from one of them: it must be able to answer before
 * (etcd's "remotes"). A stranger says in its greetings where it listens.
 */

import type { Clock } from '../../client/host/clock.js'
import { PEER_LEAVING_MS, PEER_SILENCE_MS, STRANGERS_MAX } from '../limits.js'
import type { PeerLink } from './peer-link.js'

interface Stranger {
  readonly link: PeerLink
  readonly urls: string
  heardMs: number
}

/** The links to them. */
export class Strangers {
  readonly #clock: Clock
  readonly #connect: (id: bigint, urls: readonly string[]) => PeerLink
  /** At most STRANGERS_MAX. */
  readonly #known = new Map<bigint, Stranger>()

  constructor(clock: Clock, connect: (id: bigint, urls: readonly string[]) => PeerLink) {
    this.#clock = clock
    this.#connect = connect
  }

  /** One was heard, and perhaps said where it listens. */
  heard(id: bigint, urls: readonly string[]): void {
    const known = this.#known.get(id)
    const moved = urls.length > 0 && urls.join() !== known?.urls
    if (known !== undefined && !moved) {
      known.heardMs = this.#clock.now()
      known.link.awake()
    } else if (moved && (known !== undefined || this.#known.size < STRANGERS_MAX)) {
      this.forget(id)
      const link = this.#connect(id, urls)
      this.#known.set(id, { link, urls: urls.join(), heardMs: this.#clock.now() })
    }
  }

  /** The link to one of them. */
  link(id: bigint): PeerLink | undefined {
    return this.#known.get(id)?.link
  }

  /** It is no stranger any more. */
  forget(id: bigint): void {
    this.#known.get(id)?.link.close()
    this.#known.delete(id)
  }

  /** Those that have not been heard for long are gone. */
  forgetSilent(): void {
    const sinceMs = this.#clock.now() - PEER_SILENCE_MS - PEER_LEAVING_MS
    for (const [id, { heardMs }] of this.#known) if (heardMs < sinceMs) this.forget(id)
  }

  close(): void {
    for (const id of [...this.#known.keys()]) this.forget(id)
  }
}
