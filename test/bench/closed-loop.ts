/** A closed loop: so many callers, each beginning its next turn when the last is over. */

/** What callers met; the slices of one measurement add to the same tally. */
export class Tally {
  /** One entry per operation. */
  readonly latenciesMs: number[] = []
  failures = 0
  firstFailure: string | undefined
  seconds = 0

  /** An operation that took so long. */
  record(latencyMs: number): void {
    this.latenciesMs.push(latencyMs)
  }

  /** A turn that failed. */
  fail(error: unknown): void {
    this.failures++
    this.firstFailure ??= error instanceof Error ? error.message : String(error)
  }

  /** The latency that this part of all operations stays below; NaN without operations. */
  quantileMs(part: number): number {
    this.latenciesMs.sort((a, b) => a - b)
    return this.latenciesMs[Math.floor((this.latenciesMs.length - 1) * part)] ?? Number.NaN
  }
}

/** What callers do. */
export interface Workload {
  readonly callers: number
  /** One turn of a caller, which records its operations. */
  turn(caller: number, tally: Tally): Promise<void>
}

/** Each turn is one operation. */
export function timed(callers: number, call: (caller: number) => Promise<unknown>): Workload {
  return {
    callers,
    async turn(caller, tally) {
      const startedMs = performance.now()
      await call(caller)
      tally.record(performance.now() - startedMs)
    },
  }
}

/** Lets all callers take turns for so long; resolves when the last turn is over. */
export async function closedLoop(workload: Workload, seconds: number, tally: Tally): Promise<void> {
  const beginMs = performance.now()
  const endMs = beginMs + seconds * 1000
  const loop = async (caller: number) => {
    while (performance.now() < endMs) {
      try {
        await workload.turn(caller, tally)
      } catch (error) {
        tally.fail(error)
        // A failure may come without any wait; others must get their turn.
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
  }
  await Promise.all(Array.from({ length: workload.callers }, (_, caller) => loop(caller)))
  tally.seconds += (performance.now() - beginMs) / 1000
}
