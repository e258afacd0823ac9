/** Values that many change: counters, sequences, limits, settings, messages. Ten callers. */

import { Config, Counter, RateLimiter, Sequence, Topic } from '../../../recipes/index.js'
import { Tally } from '../closed-loop.js'
import { findingOf, looped, type Scenario } from './scenario.js'

const CALLERS = 10
/** Messages per second of the topic. */
const MESSAGES_PER_SECOND = 100

/** All add to one counter. */
export const counter: Scenario = (stage) => {
  const shared = new Counter(stage.client(), `${stage.scope}counter`)
  return looped(stage, CALLERS, () => shared.add())
}

/** All draw from one sequence, whose handle takes 100 numbers at a time. */
export const sequence: Scenario = (stage) => {
  const shared = new Sequence(stage.client(), `${stage.scope}sequence`, { blockSize: 100 })
  return looped(stage, CALLERS, () => shared.next())
}

/** All ask a limiter that never says no and takes 100 tokens at a time. */
export const limiter: Scenario = (stage) => {
  const shared = new RateLimiter(stage.client(), `${stage.scope}limiter`, {
    ...{ limit: 1_000_000, intervalMs: 1_000, burst: 1_000_000, blockSize: 100 },
  })
  return looped(stage, CALLERS, () => shared.acquire())
}

/** One setting is changed by a guarded update. */
export const settings: Scenario = async (stage) => {
  const config = new Config(stage.client(), `${stage.scope}config`, { default: { version: 0 } })
  await config.ready()
  const finding = await looped(stage, 1, () =>
    config.update(({ version }) => ({ version: version + 1 })),
  )
  config.close()
  return finding
}

/** Ten publish on one topic as fast as they can. */
export const publish: Scenario = (stage) => {
  const topic = new Topic<number>(stage.client(), `${stage.scope}topic`)
  return looped(stage, CALLERS, (caller) => topic.publish(caller))
}

/** Hundred messages a second: from before the publish until another client's subscriber has it. */
export const subscribed: Scenario = async (stage) => {
  const messages = Math.round(stage.seconds * MESSAGES_PER_SECOND)
  const from = new Topic<number>(stage.client(), `${stage.scope}topic`)
  const to = new Topic<number>(stage.client(), `${stage.scope}topic`)
  const tally = new Tally()
  const startedMs = performance.now()
  const revision = await from.publish(performance.now())
  for (let i = 1; i < messages; i++)
    setTimeout(
      () => from.publish(performance.now()).catch((error) => tally.fail(error)),
      (i * 1000) / MESSAGES_PER_SECOND,
    )
  for await (const { value } of to.subscribe({ from: revision })) {
    tally.record(performance.now() - value)
    if (tally.latenciesMs.length + tally.failures >= messages) break
  }
  tally.seconds = (performance.now() - startedMs) / 1000
  return findingOf(tally)
}
