/** Locks that nobody else wants, one lock that many want, and leaders that go. */

import type { Client } from '../../../client/index.js'
import { Election, type Leadership, Mutex, Session } from '../../../recipes/index.js'
import { Tally } from '../closed-loop.js'
import { findingOf, looped, type Scenario, type Stage } from './scenario.js'

const TTL_SECONDS = 60
const CALLERS = 10
const ROUNDS_MAX = 200

/** Ten callers, each with a lock of its own: acquire, then release. */
export const lockAlone: Scenario = async (stage) => {
  const session = await Session.create(stage.client(), { ttlSeconds: TTL_SECONDS })
  const mutexes = Array.from(
    { length: CALLERS },
    (_, caller) => new Mutex(session, `${stage.scope}lock/${caller}`),
  )
  const finding = await looped(stage, CALLERS, async (caller) => {
    const lock = await mutexes[caller]!.acquire()
    await lock.release()
  })
  await session.close()
  return finding
}

/**
 * So many processes, as far as clients and sessions make them, that all want one lock for
 * ever. An operation is a hand-over: from the release until the next one holds it.
 */
export const lockWanted =
  (contenders: number): Scenario =>
  async (stage) => {
    const clients = Array.from({ length: contenders }, () => stage.client())
    const sessions = await Promise.all(
      clients.map((client) => Session.create(client, { ttlSeconds: TTL_SECONDS })),
    )
    const tally = new Tally()
    let releasedAtMs: number | undefined
    let isOver = false
    const contend = async (session: Session) => {
      const mutex = new Mutex(session, `${stage.scope}one`)
      while (!isOver) {
        const lock = await mutex.acquire()
        if (releasedAtMs !== undefined) tally.record(performance.now() - releasedAtMs)
        releasedAtMs = performance.now()
        await lock.release()
      }
    }
    const events = () => clients.reduce((sum, client) => sum + watchEvents(client), 0)
    const before = events()
    const startedMs = performance.now()
    const working = sessions.map(contend)
    await new Promise((resolve) => setTimeout(resolve, stage.seconds * 1000))
    isOver = true
    await Promise.all(working)
    tally.seconds = (performance.now() - startedMs) / 1000
    const handOvers = tally.latenciesMs.length
    await Promise.all(sessions.map((session) => session.close()))
    return findingOf(tally, { 'events per hand-over': (events() - before) / handOvers })
  }

/** Three candidates; the session of the leader ends. An operation is the time until the next one leads. */
export const failOver: Scenario = async (stage) => {
  const tally = new Tally()
  const startedMs = performance.now()
  let [leader, ...waiting] = await Promise.all([0, 1, 2].map(() => candidate(stage)))
  let led = await leader!.leads
  const isOn = () => performance.now() - startedMs < stage.seconds * 1000
  for (let round = 0; round < ROUNDS_MAX && isOn(); round++) {
    const goneMs = performance.now()
    const closing = leader!.session.close()
    const next = await Promise.race(waiting.map(async (one) => ({ one, by: await one.leads })))
    tally.record(performance.now() - goneMs)
    await closing
    led = next.by
    leader = next.one
    waiting = [...waiting.filter((one) => one !== leader), await candidate(stage)]
  }
  tally.seconds = (performance.now() - startedMs) / 1000
  await led.resign()
  return findingOf(tally)
}

interface Standing {
  readonly session: Session
  readonly leads: Promise<Leadership>
}

/** Somebody who stands already, as far as the store is asked: the campaign has begun. */
async function candidate(stage: Stage): Promise<Standing> {
  const session = await Session.create(stage.client(), { ttlSeconds: TTL_SECONDS })
  const election = new Election(session, `${stage.scope}election`)
  const leads = election.campaign('me')
  leads.catch(() => {})
  while (!(await election.participants()).some(({ leaseId }) => leaseId === session.id));
  return { session, leads }
}

function watchEvents(client: Client): number {
  return client.metrics().watch.events
}
