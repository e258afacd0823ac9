/**
 * A worker of the example, in a process of its own: it weighs parcels. It cannot weigh one
 * that ticks, and it stands still with one that is heavy until somebody kills it.
 */

import { connect } from 'conclave'
import { Queue } from 'conclave/recipes'

/** What a parcel is. */
export interface Parcel {
  readonly number: number
  readonly kind: 'plain' | 'heavy' | 'ticking'
}

/** What a worker reports. */
export interface Report {
  readonly what: 'begun' | 'acked' | 'failed' | 'dead'
  readonly parcel: Parcel
  readonly attempt: number
}

const WEIGHING_MS = 50

const [name, endpoints] = process.argv.slice(2)
const client = connect({ endpoints: endpoints!.split(',') })
const parcels = new Queue<Parcel>(client, 'example/parcels', {
  owner: name!,
  ttlSeconds: 2,
  attemptsMax: 3,
  backoffMs: () => 200,
})

const consumer = parcels.consume(async ({ value: parcel, attempt }, signal) => {
  report({ what: 'begun', parcel, attempt })
  if (parcel.kind === 'ticking') throw new Error('it ticks')
  const isStuck = parcel.kind === 'heavy' && attempt === 1
  await pause(isStuck ? 60_000 : WEIGHING_MS, signal)
})
consumer.on('acked', ({ value: parcel, attempt }) => report({ what: 'acked', parcel, attempt }))
consumer.on('failed', ({ item: { value: parcel, attempt }, dead }) =>
  report({ what: dead ? 'dead' : 'failed', parcel, attempt }),
)

process.once('disconnect', async () => {
  await parcels.close({ drainMs: 0 })
  client.close()
})

function report(message: Report): void {
  if (process.connected) process.send?.(message)
}

/** Waits, but no longer than the parcel is ours. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
