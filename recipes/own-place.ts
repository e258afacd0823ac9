/**
 * What a persistent node knows of its key, and whether it is its own.
 *
 * Three things teach it: answers to its puts, what a put that did nothing read instead,
 * and the watch. Each says what the key was at a revision; older news than the last is
 * dropped, so it never goes back.
 *
 * Ours is a key that hangs on a lease that we put it on (nobody else in this process does,
 * that is what the seat is for), or, without a lease, one whose last put was ours. Whoever
 * puts over it has it.
 */

import type { KeyValue } from '../client/index.js'

/** Leases of ours that may still have a key; those before them have ended long ago. */
const LEASES_MAX = 8
/** Values of puts without an answer that are remembered. */
const DOUBTS_MAX = 8

/** See the head of the file. */
export class OwnPlace {
  /** As of {@link revision}; undefined when there was no key. */
  #kv: KeyValue | undefined
  #revision = 0
  #token: number | undefined
  /** Newest last. */
  readonly #leases: bigint[] = []
  /** Revision of our last put that we know of. */
  #writtenAt = 0
  /** What the puts without an answer wrote, that may still turn out to be done. */
  #doubts: Uint8Array[] = []
  #isInDoubt = false

  get kv(): KeyValue | undefined {
    return this.#kv
  }

  /** Of what we know; 0 before we know anything. */
  get revision(): number {
    return this.#revision
  }

  /** The revision to compare with, for what is to be done to the key as we know it. */
  get modRevision(): number {
    return this.#kv?.modRevision ?? 0
  }

  /** At which revision it became ours; undefined when it is not. */
  get token(): number | undefined {
    return this.#token
  }

  get isForeign(): boolean {
    return this.#kv !== undefined && this.#token === undefined
  }

  /** Is there a key of ours, or can there be one? */
  get mayBeThere(): boolean {
    return this.#isInDoubt || this.#token !== undefined
  }

  /** Is it ours, with this value, on this lease (0n: on none)? */
  is(value: Uint8Array, lease: bigint): boolean {
    const kv = this.#kv
    if (kv === undefined || this.#token === undefined || kv.lease !== lease) return false
    return areEqual(kv.value, value)
  }

  /** What the key was at a revision. */
  learn(kv: KeyValue | undefined, revision: number): void {
    if (revision < this.#revision) return
    const isSame = kv !== undefined && kv.createRevision === this.#kv?.createRevision
    this.#revision = revision
    this.#kv = kv
    if (kv === undefined || !this.#isOurs(kv)) {
      this.#token = undefined
      return
    }
    this.#writtenAt = kv.modRevision
    if (this.#token === undefined || !isSame) this.#token = kv.modRevision
  }

  /** A key on this lease is ours. */
  standOn(lease: bigint): void {
    this.#leases.push(lease)
    if (this.#leases.length > LEASES_MAX) this.#leases.shift()
  }

  /** We are about to put it. */
  putting(value: Uint8Array): void {
    this.#isInDoubt = true
    this.#doubts.push(value)
    if (this.#doubts.length > DOUBTS_MAX) this.#doubts.shift()
  }

  /** A put of ours was done: none before it can be any more. */
  wrote(kv: KeyValue): void {
    this.#writtenAt = kv.modRevision
    this.learn(kv, kv.modRevision)
    this.certain()
  }

  /** The key is known whatever became of our puts. */
  certain(): void {
    this.#isInDoubt = false
    this.#doubts = []
  }

  #isOurs(kv: KeyValue): boolean {
    if (this.#leases.includes(kv.lease) || kv.modRevision === this.#writtenAt) return true
    return kv.lease === 0n && this.#doubts.some((value) => areEqual(value, kv.value))
  }
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
