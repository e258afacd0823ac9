/** What is held besides mutexes: a cycle of acquire and release, ten callers, nobody in the way. */

import { MultiLock, RWLock, Semaphore, Session, WorkerIds } from '../../../recipes/index.js'
import { looped, type Scenario, type Stage } from './scenario.js'

const CALLERS = 10
const TTL_SECONDS = 60

interface Given {
  release(): Promise<void>
}

/** Ten callers; what each acquires is made once, and released at once each time. */
const cycles =
  (make: (session: Session, stage: Stage, caller: number) => () => Promise<Given>): Scenario =>
  async (stage) => {
    const session = await Session.create(stage.client(), { ttlSeconds: TTL_SECONDS })
    const callers = Array.from({ length: CALLERS }, (_, caller) => make(session, stage, caller))
    const finding = await looped(stage, CALLERS, async (caller) => {
      const given = await callers[caller]!()
      await given.release()
    })
    await session.close()
    return finding
  }

/** All read under one lock. */
export const readers = cycles((session, { scope }) => {
  const lock = new RWLock(session, `${scope}lock`)
  return () => lock.read.acquire()
})

/** Each writes under a lock of its own. */
export const writers = cycles((session, { scope }, caller) => {
  const lock = new RWLock(session, `${scope}lock/${caller}`)
  return () => lock.write.acquire()
})

/** All take one permit of a semaphore that has enough. */
export const permits = cycles((session, { scope }) => {
  const semaphore = new Semaphore(session, `${scope}semaphore`, { limit: 2 * CALLERS })
  return () => semaphore.acquire()
})

/** Three locks at once, each caller three of its own. */
export const threeLocks = cycles((session, { scope }, caller) => {
  const names = ['a', 'b', 'c'].map((name) => `${scope}${caller}/${name}`)
  const locks = new MultiLock(session, names)
  return () => locks.acquire()
})

/** Ids of the same range. */
export const workerIds = cycles((session, { scope }) => {
  const ids = new WorkerIds(session, `${scope}ids`)
  return () => ids.acquire()
})
