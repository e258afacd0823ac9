/**
 * `npm run example -- lock`: two workers, one lock, and a resource that is safe although one
 * of them does not know what time it is.
 *
 * The worker that holds the lock is stopped for longer than its TTL. The other one gets the
 * lock, and writes. Then the first goes on, in the middle of its work: it writes before it can
 * know. Its token is smaller than one that the resource has seen, so it is refused.
 */

import { withCluster } from '../cluster.js'
import { Crew } from './crew.js'
import { FencedResource } from './resource.js'

const TTL_SECONDS = 2

await withCluster(async (endpoints) => {
  const resource = new FencedResource()
  const write = (token: number) => resource.write(token)
  const crew = new Crew({ endpoints, ttlSeconds: TTL_SECONDS, write })
  try {
    await tell(crew)
  } finally {
    await crew.close()
  }
  const { taken } = resource
  const inOrder = taken.every((token, i) => i === 0 || token >= taken[i - 1]!)
  console.log(
    `${taken.length} writes were taken, ${inOrder ? 'each' : 'NOT each'} with a token not smaller than the one before`,
  )
  process.exitCode = inOrder ? 0 : 1
})

async function tell(crew: Crew): Promise<void> {
  crew.start('red')
  crew.start('blue')
  const first = await crew.next(({ kind }) => kind === 'taken')
  console.log(`${first.worker} holds the lock with token ${first.token}, and writes`)

  crew.pause(first.worker)
  console.log(`${first.worker} is stopped in the middle of it, for longer than ${TTL_SECONDS} s`)
  const second = await crew.next(({ kind, worker }) => kind === 'taken' && worker !== first.worker)
  console.log(`${second.worker} holds the lock with token ${second.token}, and writes`)

  const late = crew.next(({ kind, worker }) => kind === 'refused' && worker === first.worker)
  const lost = crew.next(({ kind, worker }) => kind === 'lost' && worker === first.worker)
  crew.resume(first.worker)
  console.log(`${first.worker} goes on`)
  const { token } = await late
  console.log(`${first.worker} writes with token ${token}: refused`)
  await lost
  console.log(`${first.worker} is told that its lock is lost, and begins anew`)
  const again = await crew.next(({ kind, worker }) => kind === 'taken' && worker === first.worker)
  console.log(`${first.worker} holds the lock with token ${again.token}, and writes`)
}
