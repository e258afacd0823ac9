/**
 * A worker of the example, in a process of its own: it stands, and does the job while it
 * leads. Each piece of the job is a transaction that fails once another leads.
 */

import { connect, op } from 'conclave'
import { LeaderSelector } from 'conclave/recipes'

/** What a worker reports. */
export type Report =
  | { readonly what: 'elected'; readonly token: number }
  | { readonly what: 'done'; readonly token: number; readonly piece: number }

const PIECE_MS = 200

const [name, endpoints] = process.argv.slice(2)
const report = (message: Report): void => {
  process.send?.(message)
}

const client = connect({ endpoints: endpoints!.split(',') })
const selector = new LeaderSelector(client, 'example/leader', { value: name!, ttlSeconds: 2 })
selector.on('error', (error) => console.error(`${name}:`, error))

selector.start(async (term) => {
  const token = term.fencingToken
  report({ what: 'elected', token })
  // Where the leader before got to.
  let piece = Number((await client.kv.get('example/piece'))?.text() ?? 0)
  while (!term.signal.aborted) {
    const { succeeded } = await client
      .txn()
      .if(...term.guard())
      .then(op.put('example/piece', String(piece + 1)))
      .commit()
    if (!succeeded) return
    report({ what: 'done', token, piece: ++piece })
    await pause(PIECE_MS, term.signal)
  }
})

process.once('disconnect', async () => {
  await selector.close()
  client.close()
})

/** Waits, but no longer than it leads. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
