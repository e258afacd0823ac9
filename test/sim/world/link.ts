/**
 * One direction between two nodes: how late, how lossy, and whether anything passes.
 *
 * A link has a random of its own, so what one link draws does not depend on who else is
 * there. Loss, duplicates, reordering and replays meet raft's batches only; all else is
 * TCP: late, in order, or broken.
 */

import type { SeededRandom } from '../../model/random.js'
import { exponentialMs } from './fork.js'

/** How a direction behaves. Probabilities are for each message. */
export interface LinkSettings {
  /** The least time on the way, in milliseconds. */
  latencyMsMin: number
  /** The mean time on the way; what is above the least is exponential. */
  latencyMsMean: number
  /** A raft batch never arrives. */
  loss: number
  /** A raft batch arrives twice. */
  duplicate: number
  /** A raft batch arrives once more, up to {@link REPLAY_MS_MAX} later. */
  replay: number
  /** A raft batch is overtaken by later ones. */
  reorder: number
  /** The connection breaks while the message is on its way. */
  breaks: number
  /** True time until which nothing arrives. */
  clogUntilMs: number
  /** Nothing arrives: a black hole. What is under way waits, or its connection breaks after a while. */
  cut: boolean
  /** New connections are refused. */
  refuse: boolean
}

/** A quiet network. */
export const QUIET_LINK: Readonly<LinkSettings> = {
  latencyMsMin: 0.2,
  latencyMsMean: 0.5,
  loss: 0,
  duplicate: 0,
  replay: 0,
  reorder: 0,
  breaks: 0,
  clogUntilMs: 0,
  cut: false,
  refuse: false,
}

/** How late a batch may come again. */
export const REPLAY_MS_MAX = 10_000
/** TCP sends again after a while: how long a healed link may take to notice. */
const RETRANSMIT_MS_MAX = 200

/** Something that waits at a cut or clogged link. */
export interface Held {
  /** The link is whole again; go on after so many milliseconds. */
  released(afterMs: number): void
}

/** See the head of the file. Every setting may be changed at any time. */
export class Link implements LinkSettings {
  latencyMsMin: number
  latencyMsMean: number
  loss: number
  duplicate: number
  replay: number
  reorder: number
  breaks: number
  clogUntilMs: number
  refuse: boolean
  #cut: boolean
  readonly #held = new Set<Held>()

  constructor(
    readonly from: string,
    readonly to: string,
    readonly random: SeededRandom,
    settings: LinkSettings,
  ) {
    this.latencyMsMin = settings.latencyMsMin
    this.latencyMsMean = settings.latencyMsMean
    this.loss = settings.loss
    this.duplicate = settings.duplicate
    this.replay = settings.replay
    this.reorder = settings.reorder
    this.breaks = settings.breaks
    this.clogUntilMs = settings.clogUntilMs
    this.refuse = settings.refuse
    this.#cut = settings.cut
  }

  get cut(): boolean {
    return this.#cut
  }

  set cut(cut: boolean) {
    this.#cut = cut
    if (!cut) this.#release()
  }

  /** Waits here until the link is healed. */
  hold(one: Held): void {
    this.#held.add(one)
  }

  /** Waits no more. */
  forget(one: Held): void {
    this.#held.delete(one)
  }

  /** Draws how long a message takes. */
  drawLatencyMs(): number {
    return this.latencyMsMin + exponentialMs(this.random, this.latencyMsMean - this.latencyMsMin)
  }

  /** Draws whether something of this probability happens; nothing is drawn for 0. */
  draws(probability: number): boolean {
    return probability > 0 && this.random.chance(probability)
  }

  /** All faults are gone; latency stays. */
  heal(): void {
    this.loss = 0
    this.duplicate = 0
    this.replay = 0
    this.reorder = 0
    this.breaks = 0
    this.clogUntilMs = 0
    this.refuse = false
    this.#cut = false
    this.#release()
  }

  #release(): void {
    const held = [...this.#held]
    this.#held.clear()
    for (const one of held) one.released(this.random.next() * RETRANSMIT_MS_MAX)
  }
}
