/**
 * A program: how many simulated seconds a world lives in a second of CPU time, with three
 * members and a steady load. `node dist/test/sim/world/speed.js [seconds] [requests/s]`.
 */

import { World } from './world.js'

const seconds = Number(process.argv[2] ?? 60)
const requestsPerSecond = Number(process.argv[3] ?? 200)
const CLIENTS = 10

const world = await World.start()
let answered = 0
for (let i = 0; i < CLIENTS; i++) {
  const process = world.process(`c${i}`)
  const client = process.connect()
  const ask = async (): Promise<void> => {
    const key = `k${process.random.between(0, 99)}`
    if (process.random.chance(0.5)) await client.kv.put(key, `${answered}`)
    else await client.kv.get(key)
    answered++
  }
  const loop = (): void => {
    process.clock.after((CLIENTS * 1000) / requestsPerSecond, loop)
    ask().catch(() => {})
  }
  loop()
}
await world.run(1_000)
const before = process.cpuUsage()
await world.run(seconds * 1000)
const used = process.cpuUsage(before)
const cpuSeconds = (used.user + used.system) / 1e6
const perSecond = seconds / cpuSeconds
console.log(
  `${seconds} s simulated in ${cpuSeconds.toFixed(2)} s of CPU: ${perSecond.toFixed(1)} times real time; ${answered} answers, log ${world.log.hash}`,
)
await world.stop()
