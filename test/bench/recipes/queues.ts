/** A queue as fast as it goes, and how long an item is under way when it does not hurry. */

import { Queue } from '../../../recipes/index.js'
import { Tally } from '../closed-loop.js'
import { inParts } from '../driver.js'
import { findingOf, looped, type Scenario } from './scenario.js'

const CALLERS = 100
const ITEMS = 5_000
/** Items per second of the load that does not hurry. */
const CALM_PER_SECOND = 100

/** Hundred callers enqueue small items. */
export const enqueue: Scenario = async (stage) => {
  const queue = new Queue<number>(stage.client(), `${stage.scope}queue`)
  const finding = await looped(stage, CALLERS, (caller) => queue.enqueue(caller))
  await queue.close()
  return finding
}

/** One consumer works off 5,000 items that are there, hundred at a time. An operation is one acked item. */
export const consume: Scenario = async (stage) => {
  const queue = new Queue<number>(stage.client(), `${stage.scope}queue`)
  await inParts(ITEMS, (i) => queue.enqueue(i))
  const tally = new Tally()
  const startedMs = performance.now()
  await new Promise<void>((resolve) => {
    const consumer = queue.consume(async () => {}, { concurrency: CALLERS, prefetch: CALLERS })
    consumer.on('acked', () => {
      tally.record(performance.now() - startedMs)
      if (tally.latenciesMs.length === ITEMS) resolve()
    })
  })
  tally.seconds = (performance.now() - startedMs) / 1000
  await queue.close()
  return { ...findingOf(tally), p50Ms: Number.NaN, p99Ms: Number.NaN }
}

/** Hundred items a second: the time from before the enqueue until the handler begins. */
export const underWay: Scenario = async (stage) => {
  const queue = new Queue<number>(stage.client(), `${stage.scope}queue`)
  const tally = new Tally()
  const items = Math.round(stage.seconds * CALM_PER_SECOND)
  const startedMs = performance.now()
  await new Promise<void>((resolve, reject) => {
    queue.consume(
      async ({ value }) => {
        tally.record(performance.now() - value)
        if (tally.latenciesMs.length === items) resolve()
      },
      { concurrency: 10 },
    )
    for (let i = 0; i < items; i++)
      setTimeout(() => queue.enqueue(performance.now()).catch(reject), (i * 1000) / CALM_PER_SECOND)
  })
  tally.seconds = (performance.now() - startedMs) / 1000
  await queue.close()
  return findingOf(tally)
}
