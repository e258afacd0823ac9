/**
 * How long requests to an instance take, so far as it matters now.
 *
 * A weighted mean in which old samples fade with time (by e in `FADE_MS`). A sample above
 * the mean replaces it at once, so that an instance that gets slow is spared from the first
 * slow answer on. Without samples the mean fades, too, until the instance is tried again.
 */

/** The time in which what was measured loses most of its meaning, in milliseconds. */
const FADE_MS = 10_000
/** As long as a failure counts, at least: one that fails fast must not look fast. */
const FAILURE_MS = 1_000

/** See the head of the file. */
export class Latency {
  #meanMs: number | undefined
  #atMs = 0

  /** Of now; undefined before the first sample. */
  meanMs(nowMs: number): number | undefined {
    return this.#meanMs === undefined ? undefined : this.#meanMs * this.#faded(nowMs)
  }

  /** A request took so long. */
  took(ms: number, nowMs: number, hasFailed: boolean): void {
    const sample = hasFailed ? Math.max(ms, FAILURE_MS) : ms
    const kept = this.#faded(nowMs)
    const mean = this.#meanMs ?? sample
    this.#meanMs = sample > mean ? sample : mean * kept + sample * (1 - kept)
    this.#atMs = nowMs
  }

  #faded(nowMs: number): number {
    return Math.exp(-Math.max(0, nowMs - this.#atMs) / FADE_MS)
  }
}
