/**
 * Reads that wait: on a leader for a round of heartbeats, on a follower for its leader.
 *
 * A leader numbers its heartbeat rounds. A round is confirmed when the needed majorities have
 * answered it or a later one; then the leader led when the round was sent, so every read that was
 * asked before that may be answered at the commit index of that moment (thesis 6.4). All reads
 * that are asked in one turn share a round.
 *
 * A follower hands its reads to the leader under numbers of its own that start at a random place:
 * an answer to a request of an earlier leader, try or process then matches nothing.
 */

import { ProposalDropped } from './proposal-dropped.js'

/** Reads in each queue; more are refused. */
const READS_MAX = 65_536
/** Rounds that wait for answers; ticks open no more beyond it. */
const ROUNDS_MAX = 1_024

/** A read as a leader sees it. */
export interface ReadRequest {
  /** The member that asked; the leader itself or a follower. */
  readonly from: bigint
  /** The number that the member gave it. */
  readonly context: number
}

/** A heartbeat round. */
export interface ReadRound {
  readonly number: number
  /** The tick at which it was sent. */
  readonly tick: number
  /** The commit index when it was sent. */
  readonly index: number
  readonly requests: readonly ReadRequest[]
}

/** The waiting reads of one member. */
export class ReadQueue {
  /** Leader: asked, and not yet part of a round. */
  #waiting: ReadRequest[] = []
  /** Leader: sent and not confirmed, oldest first. */
  #rounds: ReadRound[] = []
  /** Leader: the number of the newest round. Only grows, also across terms. */
  #newest = 0
  /** Leader: when the newest confirmed round was sent. */
  #confirmedTick = Number.NEGATIVE_INFINITY
  /** Follower: from the number on the wire to the driver's context. */
  readonly #forwarded = new Map<number, number>()
  #nextForward: number

  constructor(random: () => number) {
    this.#nextForward = 1 + Math.floor(random() * 2 ** 48)
  }

  /** Leadership or term changed: nothing that waits can still be answered. */
  clear(): void {
    this.#waiting = []
    this.#rounds = []
    this.#confirmedTick = Number.NEGATIVE_INFINITY
    this.#forwarded.clear()
  }

  get newest(): number {
    return this.#newest
  }

  get waits(): boolean {
    return this.#waiting.length > 0
  }

  /** Throws ProposalDropped when too many wait. */
  add(request: ReadRequest): void {
    if (this.#waiting.length >= READS_MAX)
      throw new ProposalDropped('overloaded', 'too many reads wait; try again later')
    this.#waiting.push(request)
  }

  /** Takes all that wait, to be answered without a round. */
  takeWaiting(): ReadRequest[] {
    const waiting = this.#waiting
    this.#waiting = []
    return waiting
  }

  /** Opens a round for all that wait. Returns false when too many rounds are open. */
  open(tick: number, index: number): boolean {
    if (this.#rounds.length >= ROUNDS_MAX) return false
    this.#rounds.push({ number: ++this.#newest, tick, index, requests: this.takeWaiting() })
    return true
  }

  /** Takes the rounds up to `number`, which are confirmed. */
  confirm(number: number): ReadRound[] {
    let count = 0
    while (count < this.#rounds.length && this.#rounds[count]!.number <= number) count++
    if (count === 0) return []
    const confirmed = this.#rounds.splice(0, count)
    this.#confirmedTick = confirmed[count - 1]!.tick
    return confirmed
  }

  /** Ticks since the newest confirmed round was sent. */
  sinceConfirmed(tick: number): number {
    return tick - this.#confirmedTick
  }

  /** The voters changed: what a majority of the old ones promised may not bind the new ones. */
  forgetConfirmed(): void {
    this.#confirmedTick = Number.NEGATIVE_INFINITY
  }

  /** Gives a read of the driver its number on the wire. The oldest are forgotten in excess. */
  forward(context: number): number {
    if (this.#forwarded.size >= READS_MAX) {
      const [oldest] = this.#forwarded.keys()
      this.#forwarded.delete(oldest!)
    }
    const number = this.#nextForward++
    this.#forwarded.set(number, context)
    return number
  }

  /** The driver's context of an answer; undefined when nobody waits for it. */
  answered(number: number): number | undefined {
    const context = this.#forwarded.get(number)
    this.#forwarded.delete(number)
    return context
  }
}
