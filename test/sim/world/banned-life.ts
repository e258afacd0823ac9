/**
 * A program: a cluster's whole life with the real time and chance banned. Prints what the
 * log says in the end; banned.test.ts runs it.
 */

import { op } from '../../../client/operations.js'
import { banGlobals } from './banned.js'
import { World } from './world.js'

const unban = banGlobals()
const world = new World({ seed: 3, members: 3, memberOptions: {}, tuning: {} })
await world.answered(Promise.all(world.machines.map((machine) => machine.boot())))
await world.until('a leader', () => world.leader !== undefined)

const client = world.process('c1').connect()
const events: string[] = []
const watcher = client.watch({ prefix: 'k' })
const watching = (async () => {
  for await (const { type, kv } of watcher) events.push(`${type} ${kv.keyString}`)
})()
const lease = await world.answered(client.lease.grant(2))
await world.answered(client.kv.put('k-lease', 'x', { lease: lease.id }))
for (let i = 0; i < 10; i++) await world.answered(client.kv.put(`k${i}`, `v${i}`))
await world.answered(client.txn().then(op.put('k-txn', '1')).commit())
await world.leader?.kill()
await world.run(5_000)
for (const machine of world.machines) {
  if (machine.member !== undefined) continue
  await machine.powerLoss()
  await world.answered(machine.boot())
}
await world.until('the lease to expire', () => events.includes('delete k-lease'))
await world.answered(client.kv.get('k1'))
watcher.close()
await world.answered(watching)
client.close()
for (const machine of world.machines) await world.answered(machine.stop())
await world.stop()
unban()
console.log(`${world.log.hash} ${world.log.count} ${events.length}`)
