/** The application of the examples `embedded` and `with-etcd`: some recipes on one client. */

import type { Client } from 'conclave'
import {
  Config,
  GroupMembership,
  Mutex,
  Partitioner,
  PersistentNode,
  SessionSource,
} from 'conclave/recipes'

interface Settings {
  readonly greeting: string
  readonly visits: number
}

/**
 * Counts a visit in the configuration, registers itself, shares work with a second member,
 * and does some of it under a mutex. All hangs on one lease.
 *
 * @returns the number of visits, which outlives the process.
 */
export async function runApplication(client: Client): Promise<number> {
  const sessions = new SessionSource(client, { ttlSeconds: 5 })
  const settings = new Config<Settings>(client, 'app/settings', {
    default: { greeting: 'Hello', visits: 0 },
  })
  const node = new PersistentNode(client, 'app/instance', { pid: process.pid }, { sessions })
  const groups = ['left', 'right'].map(
    (memberId) => new GroupMembership<string>(client, 'app/workers', { memberId, sessions }),
  )
  try {
    await settings.ready()
    await settings.update((now) => ({ ...now, visits: now.visits + 1 }))
    const { greeting, visits } = settings.get()
    console.log(`  ${greeting}, this is visit ${visits}`)

    await node.start()
    console.log(`  registered as app/instance, with token ${node.fencingToken}`)
    const back = new Promise<void>((resolve) => node.on('present', () => resolve()))
    await client.kv.delete('app/instance')
    await back
    console.log(`  somebody deleted it: it is back, with token ${node.fencingToken}`)

    for (const group of groups) await group.join('ready')
    const partitioner = new Partitioner(groups[0]!)
    await partitioner.ready()
    await groups[0]!.members({ consistent: true })
    const session = await sessions.get()
    for (const job of ['resize', 'index', 'mail', 'report'])
      await new Mutex(session, `app/jobs/${job}`).using((lock) => {
        const owner = partitioner.ownerOf(job)
        console.log(`  ${owner} does ${job}, under a lock with token ${lock.fencingToken}`)
      })
    return visits
  } finally {
    settings.close()
    await Promise.all([node.close(), ...groups.map((group) => group.close())])
    await sessions.close()
  }
}
