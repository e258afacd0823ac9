/** Processes that wait for each other, know each other, or put things back. */

import {
  Barrier,
  Cron,
  DoubleBarrier,
  GroupMembership,
  Latch,
  LeaderSelector,
  PersistentNode,
  Session,
} from '../../../recipes/index.js'
import { Tally } from '../closed-loop.js'
import { findingOf, looped, type Scenario } from './scenario.js'

const PARTIES = 10
const TTL_SECONDS = 60
/** Jobs that are due each second. */
const JOBS = 20

/** Ten enter and leave together. An operation is a round. */
export const rounds: Scenario = async (stage) => {
  const sessions = await Promise.all(
    Array.from({ length: PARTIES }, () =>
      Session.create(stage.client(), { ttlSeconds: TTL_SECONDS }),
    ),
  )
  const parties = sessions.map(
    (session) => new DoubleBarrier(session, `${stage.scope}barrier`, PARTIES),
  )
  const finding = await looped(stage, 1, async () => {
    await Promise.all(parties.map((party) => party.enter()))
    await Promise.all(parties.map((party) => party.leave()))
  })
  await Promise.all(sessions.map((session) => session.close()))
  return finding
}

/** One holds a barrier that ten wait at, and opens it. An operation is one of that. */
export const barrier: Scenario = async (stage) => {
  const holder = new Barrier(stage.client(), `${stage.scope}barrier`)
  const waiters = Array.from(
    { length: PARTIES },
    () => new Barrier(stage.client(), `${stage.scope}barrier`),
  )
  return looped(stage, 1, async () => {
    await holder.hold()
    const waiting = waiters.map((waiter) => waiter.wait())
    await holder.release()
    await Promise.all(waiting)
  })
}

/** Ten count a latch down that one waits for; then it is set again. An operation is one of that. */
export const latch: Scenario = async (stage) => {
  const shared = new Latch(stage.client(), `${stage.scope}latch`, PARTIES)
  return looped(stage, 1, async () => {
    const waiting = shared.wait()
    await Promise.all(
      Array.from({ length: PARTIES }, (_, i) => shared.countDown({ id: `party-${i}` })),
    )
    await waiting
    await shared.reset()
  })
}

/** A member joins; the time until another client has heard of it. */
export const joins: Scenario = async (stage) => {
  const member = new GroupMembership<string>(stage.client(), `${stage.scope}group`, {
    memberId: 'one',
  })
  const onlooker = new GroupMembership<string>(stage.client(), `${stage.scope}group`)
  await onlooker.ready()
  const finding = await looped(stage, 1, async () => {
    const heard = new Promise<void>((resolve) => {
      const onJoin = () => {
        onlooker.off('join', onJoin)
        resolve()
      }
      onlooker.on('join', onJoin)
    })
    await member.join('here')
    await heard
    await member.leave()
  })
  await member.close()
  await onlooker.close()
  return finding
}

/** A key is deleted by somebody; the time until it is back. */
export const putBack: Scenario = async (stage) => {
  const client = stage.client()
  const key = `${stage.scope}node`
  const node = new PersistentNode(stage.client(), key, 'here')
  await node.start()
  const finding = await looped(stage, 1, async () => {
    const watcher = client.watch(key, { filters: ['noDelete'] })
    await watcher.created
    await client.kv.delete(key)
    for await (const _put of watcher) break
  })
  await node.close()
  return finding
}

/** Three stand for one job; each does it for a moment and gives it on. An operation is a term. */
export const terms: Scenario = async (stage) => {
  const tally = new Tally()
  const startedMs = performance.now()
  let sinceMs = startedMs
  const work = async () => {
    tally.record(performance.now() - sinceMs)
    sinceMs = performance.now()
  }
  const selectors = Array.from(
    { length: 3 },
    () => new LeaderSelector(stage.client(), `${stage.scope}job`, { autoRequeue: true }),
  )
  for (const selector of selectors) selector.start(work)
  await new Promise((resolve) => setTimeout(resolve, stage.seconds * 1000))
  tally.seconds = (performance.now() - startedMs) / 1000
  await Promise.all(selectors.map((selector) => selector.close()))
  return findingOf(tally)
}

/** Twenty jobs each second on two nodes: how late they start. An operation is a run. */
export const jobs: Scenario = async (stage) => {
  const tally = new Tally()
  const nodes = ['a', 'b'].map((node) => new Cron(stage.client(), 'bench', { node }))
  for (const node of nodes)
    for (let i = 0; i < JOBS; i++)
      node.handle(`job-${i}`, ({ scheduledMs }) => tally.record(Date.now() - scheduledMs))
  await Promise.all(
    Array.from({ length: JOBS }, (_, i) =>
      nodes[0]!.put({ name: `job-${i}`, schedule: '* * * * * *' }),
    ),
  )
  const startedMs = performance.now()
  await Promise.all(nodes.map((node) => node.start()))
  await new Promise((resolve) => setTimeout(resolve, stage.seconds * 1000))
  tally.seconds = (performance.now() - startedMs) / 1000
  await Promise.all(nodes.map((node) => node.stop()))
  return findingOf(tally)
}
