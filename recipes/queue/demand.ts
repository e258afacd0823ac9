/**
 * Tells the other consumers how many items we would have at once, so that each can reckon
 * whose turn it is: a key on the lease of the session.
 *
 * It is put when the number grows, and as long as the number stays it costs nothing. When
 * we want fewer, others wait for us in vain for a moment; so it is put right a while later.
 * Nobody waits for it, and its failure harms nobody.
 */

import type { Timer } from '../../client/index.js'
import type { Session } from '../session.js'
import type { QueueKeys } from './keys.js'
import { encodeRecord } from './records.js'

/** How long we may want less than we said, in milliseconds. */
const SHRINK_AFTER_MS = 1_000

/** See the head of the file. One for each session. */
export class Demand {
  readonly #session: Session
  readonly #keys: QueueKeys
  #slots = 0
  #told = 0
  #isTelling = false
  #timer: Timer | undefined

  constructor(session: Session, keys: QueueKeys) {
    this.#session = session
    this.#keys = keys
    session.onLost(() => this.#timer?.cancel())
  }

  /** Items that we have, and that we would take at once. */
  want({ held, wanted }: { readonly held: number; readonly wanted: number }): void {
    this.#slots = held + wanted
    if (this.#slots > this.#told) void this.#tell()
    else if (this.#slots < this.#told && this.#timer === undefined) this.#tellLater()
  }

  #tellLater(): void {
    this.#timer = this.#session.client.clock.after(SHRINK_AFTER_MS, () => {
      this.#timer = undefined
      void this.#tell()
    })
  }

  async #tell(): Promise<void> {
    const slots = this.#slots
    if (this.#isTelling || slots === this.#told || !this.#session.alive) return
    this.#isTelling = true
    const { client, id: lease, owner } = this.#session
    const key = this.#keys.consumer(lease)
    try {
      if (slots === 0) await client.kv.delete(key)
      else await client.kv.put(key, encodeRecord({ owner, slots }), { lease })
      this.#told = slots
    } catch {
      if (this.#session.alive) this.#tellLater()
    } finally {
      this.#isTelling = false
    }
    if (this.#slots > this.#told && this.#timer === undefined) void this.#tell()
  }
}
