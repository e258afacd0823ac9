/** What a scenario of `npm run bench -- recipes` is given, and what it finds. */

import { type Client, connect } from '../../../client/index.js'
import { closedLoop, Tally, timed } from '../closed-loop.js'

/** What a scenario runs on. */
export interface Stage {
  readonly endpoints: readonly string[]
  /** Keys that only this run uses begin with it. */
  readonly scope: string
  readonly seconds: number
  /** A client of its own, closed at the end. */
  client(): Client
}

/** What came of it. */
export interface Finding {
  readonly operations: number
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly failures: number
  readonly firstFailure: string | undefined
  /** What else there is to say, by name: events per hand-over, bytes per instance, …. */
  readonly notes: Readonly<Record<string, number>>
}

/** One kind of load. */
export type Scenario = (stage: Stage) => Promise<Finding>

/** A stage, and how to end it. */
export function stageOf(endpoints: readonly string[], scope: string, seconds: number) {
  const clients: Client[] = []
  const client = () => {
    const made = connect({ endpoints, timeoutMs: 20_000 })
    clients.push(made)
    return made
  }
  const end = () => {
    for (const one of clients) one.close()
  }
  return { stage: { endpoints, scope, seconds, client } satisfies Stage, end }
}

/** A closed loop of so many callers, after a short warm-up. */
export async function looped(
  { seconds }: Stage,
  callers: number,
  call: (caller: number) => Promise<unknown>,
  notes: (operations: number) => Readonly<Record<string, number>> = () => ({}),
): Promise<Finding> {
  await closedLoop(timed(callers, call), seconds / 4, new Tally())
  const tally = new Tally()
  await closedLoop(timed(callers, call), seconds, tally)
  return findingOf(tally, notes(tally.latenciesMs.length))
}

/** What a tally comes to. */
export function findingOf(tally: Tally, notes: Readonly<Record<string, number>> = {}): Finding {
  return {
    operations: tally.latenciesMs.length,
    seconds: tally.seconds,
    p50Ms: tally.quantileMs(0.5),
    p99Ms: tally.quantileMs(0.99),
    failures: tally.failures,
    firstFailure: tally.firstFailure,
    notes,
  }
}
