/**
 * Whether an instance is spared for a while because requests to it fail.
 *
 * After `failures` in a row it is ejected for `baseMs`, and twice as long each time, up to
 * `maxMs`. When that is over, one request tries it (half open): if that succeeds it is back,
 * if it fails it is ejected again. Only results of requests that began after the last change
 * count: an answer that was long on its way says nothing of now.
 */

import type { Random } from '../../client/index.js'
import { invalidArgument } from '../errors.js'
import { checkWhole } from '../numbers.js'

/** When instances are ejected. */
export interface EjectionOptions {
  /** Failures in a row after which one is ejected. Default 5. */
  readonly failures?: number
  /** For how long the first time, in milliseconds. Default 10,000. */
  readonly baseMs?: number
  /** For how long at most, in milliseconds. Default 300,000. */
  readonly maxMs?: number
  /** Which share of the instances may be ejected at a time, 0 to 1. Default 0.5. */
  readonly shareMax?: number
}

/** All of them, checked. */
export type EjectionRules = Required<EjectionOptions>

/** @throws {ConclaveError} `invalid-argument`. */
export function ejectionRules(options: EjectionOptions): EjectionRules {
  const rules = { failures: 5, baseMs: 10_000, maxMs: 300_000, shareMax: 0.5, ...options }
  const { failures, baseMs, maxMs, shareMax } = rules
  checkWhole(failures, 'ejection.failures', 1)
  if (!(baseMs > 0 && maxMs >= baseMs))
    throw invalidArgument('ejection.baseMs is positive, and at most ejection.maxMs.')
  if (!(shareMax >= 0 && shareMax <= 1))
    throw invalidArgument(`ejection.shareMax is between 0 and 1, not ${shareMax}.`)
  return rules
}

/** What is known of the failures of one instance. */
export class Ejection {
  readonly #rules: EjectionRules
  readonly #random: Random
  #failures = 0
  /** Ejections, the last of which doubled the time. */
  #times = 0
  #durationMs = 0
  /** Set while it is ejected, or half open. */
  #untilMs: number | undefined
  /** Until when the request that tries it has time; then another may. */
  #trialUntilMs = 0
  #returnedAtMs = 0
  #epoch = 0

  constructor(rules: EjectionRules, random: Random) {
    this.#rules = rules
    this.#random = random
  }

  /** Is it ejected, or half open? */
  get ejected(): boolean {
    return this.#untilMs !== undefined
  }

  /** May a request go to it? */
  allows(nowMs: number): boolean {
    if (this.#untilMs === undefined) return true
    return nowMs >= this.#untilMs && nowMs >= this.#trialUntilMs
  }

  /** When {@link allows} becomes true with time alone; `Infinity`: never, or it is. */
  allowsFromMs(nowMs: number): number {
    const fromMs = Math.max(this.#untilMs ?? 0, this.#trialUntilMs)
    return this.#untilMs === undefined || fromMs <= nowMs ? Number.POSITIVE_INFINITY : fromMs
  }

  /** A request goes to it. @returns what its result is told with. */
  began(nowMs: number): number {
    if (this.#untilMs !== undefined && nowMs >= this.#untilMs) {
      this.#trialUntilMs = nowMs + this.#durationMs
      this.#epoch++
    }
    return this.#epoch
  }

  /** A request ended well. */
  succeeded(epoch: number, nowMs: number): void {
    if (epoch !== this.#epoch) return
    this.#failures = 0
    if (this.#untilMs !== undefined) {
      if (nowMs < this.#untilMs) return
      this.#untilMs = undefined
      this.#returnedAtMs = nowMs
      this.#epoch++
    } else if (nowMs - this.#returnedAtMs > this.#durationMs) this.#times = 0
  }

  /**
   * A request failed.
   *
   * @param mayEject asked when it is to be ejected that is not: are there enough others?
   */
  failed(epoch: number, nowMs: number, mayEject: () => boolean): void {
    if (epoch !== this.#epoch) return
    this.#failures++
    const isTrial = this.#untilMs !== undefined
    if (isTrial ? nowMs < this.#untilMs! : this.#failures < this.#rules.failures) return
    if (isTrial || mayEject()) this.#eject(nowMs)
  }

  /** A request told nothing of it: if it was the one that tries, another may. */
  abandoned(epoch: number): void {
    if (epoch === this.#epoch) this.#trialUntilMs = 0
  }

  #eject(nowMs: number): void {
    const { baseMs, maxMs } = this.#rules
    this.#durationMs = Math.min(baseMs * 2 ** Math.min(this.#times, 30), maxMs)
    this.#times++
    // Not all clients come back to it at once.
    this.#untilMs = nowMs + this.#durationMs * (1 + this.#random.next() / 10)
    this.#trialUntilMs = 0
    this.#failures = 0
    this.#epoch++
  }
}
