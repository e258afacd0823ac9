/**
 * The append messages on their way to one follower: a sliding window bounded by count and bytes.
 *
 * Each message is remembered by its last entry. An acknowledgment of that entry, or of a later
 * one, frees it and all before it.
 */

/** A window of messages in flight. */
export class Inflights {
  /** Ring of last indexes, ascending from `head`; grows up to `messagesMax` places. */
  #indexes: number[] = []
  /** The bytes of the message at the same place. */
  #bytes: number[] = []
  #head = 0
  #count = 0
  #bytesTotal = 0
  readonly #messagesMax: number
  /** 0 means no limit. */
  readonly #bytesMax: number

  constructor(messagesMax: number, bytesMax: number) {
    this.#messagesMax = messagesMax
    this.#bytesMax = bytesMax
  }

  /** Messages in flight. */
  get count(): number {
    return this.#count
  }

  /** Bytes of entries in flight. */
  get bytes(): number {
    return this.#bytesTotal
  }

  /** Nothing more may be sent. The last message may have gone over the limit of bytes. */
  get full(): boolean {
    return (
      this.#count >= this.#messagesMax || (this.#bytesMax > 0 && this.#bytesTotal >= this.#bytesMax)
    )
  }

  /** Remembers a message whose last entry is `index`. Throws when the window is full. */
  add(index: number, bytes: number): void {
    if (this.full) throw new Error('raft: a message was sent into a full window')
    if (this.#count === this.#indexes.length) this.#grow()
    const place = (this.#head + this.#count) % this.#indexes.length
    this.#indexes[place] = index
    this.#bytes[place] = bytes
    this.#count++
    this.#bytesTotal += bytes
  }

  /** Forgets the messages whose last entry is at most `index`. */
  freeTo(index: number): void {
    while (this.#count > 0 && this.#indexes[this.#head]! <= index) {
      this.#bytesTotal -= this.#bytes[this.#head]!
      this.#head = (this.#head + 1) % this.#indexes.length
      this.#count--
    }
  }

  /** Forgets all. */
  reset(): void {
    this.#head = 0
    this.#count = 0
    this.#bytesTotal = 0
  }

  #grow(): void {
    const size = Math.min(this.#messagesMax, Math.max(8, this.#indexes.length * 2))
    const indexes = new Array<number>(size).fill(0)
    const bytes = new Array<number>(size).fill(0)
    for (let i = 0; i < this.#count; i++) {
      const place = (this.#head + i) % this.#indexes.length
      indexes[i] = this.#indexes[place]!
      bytes[i] = this.#bytes[place]!
    }
    this.#indexes = indexes
    this.#bytes = bytes
    this.#head = 0
  }
}
