/**
 * `npm run demo`: a cluster, two workers, a killed leader, and what came of it.
 *
 * Three members run as processes on free ports. Two workers, processes too, register
 * under leases, contend for a lock and for leadership. The leading member is killed
 * with SIGKILL while writes go on, then a worker. At the end everything that was
 * acknowledged is counted. Takes well under a minute and cleans up after itself.
 */

import { type Client, connect } from 'conclave'
import { leaderName, reachable, until } from './look.js'
import { bad, bold, chapter, good, since, tell } from './screen.js'
import { watchServices } from './services.js'
import { Stage } from './stage.js'
import { Workers } from './workers.js'
import { Writes } from './writes.js'

/** A worker that dies is forgotten after this long. */
const TTL_SECONDS = 3

const stage = await Stage.open()
let client: Client | undefined
try {
  await demo()
} catch (error) {
  bad(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
} finally {
  client?.close()
  await stage.close()
}

async function demo(): Promise<void> {
  chapter('A cluster of three')
  await stage.startMembers()
  client = connect({ endpoints: stage.members.map(({ endpoint }) => endpoint), timeoutMs: 2000 })
  const leader = () => leaderName(stage.members)
  const first = await until('a leader', leader)
  for (const { name, endpoint } of stage.members)
    tell(`${bold(name)} serves ${endpoint}, process ${stage.pidOf(name)}`)
  good(`${bold(first)} leads`)

  chapter('Two workers, one lock, one job')
  const seen = await watchServices(client)
  const workers = new Workers()
  for (const name of ['red', 'blue'])
    stage.startWorker(name, TTL_SECONDS, (report) => workers.take(name, report))
  await until('both services', () => seen.up.size === 2)
  good(`both registered under leases of ${TTL_SECONDS} s: ${[...seen.up].join(', ')}`)
  const leadingWorker = await until('a leading worker', () => workers.leader)
  good(`${bold(leadingWorker)} won the election, the other one waits`)
  await until('some turns on the lock', () => workers.turns.length >= 6)
  good(`turns on the lock so far: ${workers.story()}; fencing tokens only ever grow`)

  chapter('The leader dies')
  const writes = new Writes(client)
  await until('some writes', () => writes.acknowledged.size >= 50)
  const before = writes.acknowledged.size
  const turnsBefore = workers.turns.length
  await stage.kill(first)
  const killedAtMs = performance.now()
  bad(`SIGKILL to ${bold(first)}, after ${before} acknowledged writes`)
  const second = await until('another leader', async () => {
    const name = await leader()
    return name === first ? undefined : name
  })
  good(`${bold(second)} leads after ${since(killedAtMs)}`)
  await until('writes to go on', () => writes.acknowledged.size >= before + 20)
  good(`writes go on after ${since(killedAtMs)}`)
  await until('turns to go on', () => workers.turns.length >= turnsBefore + 2)
  if (workers.lost.size > 0) throw new Error(`${[...workers.lost].join(', ')} lost its session`)
  good(`no worker lost its session, ${bold(leadingWorker)} still leads the job`)

  chapter('A worker dies')
  await stage.kill(leadingWorker)
  const workerKilledAtMs = performance.now()
  bad(`SIGKILL to ${bold(leadingWorker)}`)
  const nextWorker = await until('the other worker to lead', () =>
    workers.leader === leadingWorker ? undefined : workers.leader,
  )
  good(
    `${bold(nextWorker)} leads the job after ${since(workerKilledAtMs)}, its lease of ${TTL_SECONDS} s ran out`,
  )
  await until('its service to disappear', () => seen.up.size === 1)
  good(`and its service is gone: ${[...seen.up].join(', ')} is left`)

  chapter('The dead member returns')
  stage.startMember(first)
  await until('it to follow', async () => (await reachable(stage.members)).length === 3)
  good(`${bold(first)} is back on its data and follows ${bold(second)}`)
  await writes.stop()
  const { lost, unknown } = await writes.account()
  if (lost.length > 0)
    throw new Error(`${lost.length} acknowledged writes are lost: ${lost.slice(0, 5).join(', ')}`)
  good(
    `${bold(writes.acknowledged.size)} writes were acknowledged, ${bold(0)} are lost` +
      (unknown > 0 ? `; ${unknown} got no answer, and the client said so` : ''),
  )
  if (!workers.tokensGrow()) throw new Error('a fencing token did not grow')
  good(`${workers.turns.length} turns on the lock, every fencing token higher than the one before`)
  process.stdout.write('\nThat was a cluster. `npx conclave up` starts one that stays.\n')
}
