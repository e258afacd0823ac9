/**
 * A program: how many simulated seconds a world lives in a second of CPU time, with three
 * members and a steady load. `node dist/test/sim/world/speed.js [seconds] [requests/s]`.
 */

import { World } from './world.js'

const seconds = Number(process.argv[2] ?? 60)
const requestsPerSecond = Number(process.argv[3] ?? 200)
const CLIENTS = 10
const SLICE_SECONDS = 2

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
    const intervalMs = (CLIENTS * 1000) / requestsPerSecond
    process.clock.after(intervalMs * (0.5 + process.random.next()), loop)
    ask().catch(() => {})
  }
  loop()
}
// The compiler of the engine is warm after some seconds.
await world.run(20_000)
answered = 0
const slices: number[] = []
for (let passed = 0; passed < seconds; passed += SLICE_SECONDS) {
  const before = process.cpuUsage()
  await world.run(SLICE_SECONDS * 1000)
  const used = process.cpuUsage(before)
  slices.push((used.user + used.system) / 1e6)
}
slices.sort((a, b) => a - b)
const times = (cpuSeconds: number): string => (SLICE_SECONDS / cpuSeconds).toFixed(1)
const mean = slices.reduce((sum, slice) => sum + slice, 0) / slices.length
const best = slices[Math.floor(slices.length / 10)]!
console.log(
  `simulated seconds in a second of CPU: ${times(mean)} on average, ${times(best)} in the best tenth, which others on this machine disturbed least; ${answered} answers, log ${world.log.hash}`,
)
await world.stop()
