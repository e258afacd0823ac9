/**
 * A worker of the demo, in a process of its own: it registers itself under a lease,
 * takes turns on a lock, and stands for leadership until it wins or is killed.
 *
 * It reports to the demo over the process channel; the demo does the talking.
 */

import { connect } from 'conclave'
import { Election, Mutex, Session } from 'conclave/recipes'

/** What a worker reports. */
export type Report =
  | { readonly what: 'registered' }
  | { readonly what: 'turn'; readonly token: number }
  | { readonly what: 'leading'; readonly token: number }
  | { readonly what: 'lost' }

/** How long a turn on the lock takes, in milliseconds. */
const TURN_MS = 150

const [name, endpoints, ttlSeconds] = process.argv.slice(2)
const report = (message: Report): void => {
  process.send?.(message)
}

const client = connect({ endpoints: endpoints!.split(',') })
const session = await Session.create(client, { ttlSeconds: Number(ttlSeconds) })
session.signal.addEventListener('abort', () => report({ what: 'lost' }))

await client.kv.put(`services/worker/${name}`, `pid ${process.pid}`, { lease: session.id })
report({ what: 'registered' })

const election = new Election(session, 'demo/leader')
election
  .campaign(name!, { signal: session.signal })
  .then(({ fencingToken }) => report({ what: 'leading', token: fencingToken }))
  .catch(() => {})

const mutex = new Mutex(session, 'demo/printer')
while (!session.signal.aborted) {
  await mutex.using(async ({ fencingToken, signal }) => {
    report({ what: 'turn', token: fencingToken })
    await pause(TURN_MS, signal)
  })
}

/** Waits, but no longer than the lock is held. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
