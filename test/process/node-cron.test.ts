/**
 * Three processes with node-cron, of which the one that runs is killed.
 *
 * Needs `dist`: `npm run build` first, as `npm test` does.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, expect, test } from '@jest/globals'
import { type Cluster, startCluster } from '../../server/index.js'

const NODES = 3

let cluster: Cluster | undefined
const children: ChildProcess[] = []

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await cluster?.stop()
})

test('a slot whose process is killed runs nowhere else, and later slots run', async () => {
  cluster = await startCluster({ size: 1, storage: 'memory' })
  const ran: { readonly slot: string; readonly child: ChildProcess }[] = []
  let look = () => {}
  for (let i = 0; i < NODES; i++) {
    const program = [resolve('dist/test/process/node-cron-node.js'), cluster.endpoints[0]!]
    const child = spawn(process.execPath, program, { stdio: ['pipe', 'pipe', 'inherit'] })
    children.push(child)
    createInterface({ input: child.stdout! }).on('line', (line) => {
      ran.push({ slot: line.replace('ran ', ''), child })
      look()
    })
  }
  const until = async (count: () => number, atLeast: number) => {
    while (count() < atLeast)
      await new Promise<void>((resolve) => {
        look = resolve
      })
  }

  await until(() => ran.length, 1)
  const { child: killed, slot } = ran[0]!
  killed.kill('SIGKILL')
  const after = () => ran.filter((run) => run.slot > slot && run.child !== killed)
  await until(() => after().length, 3)

  const slots = ran.map((run) => run.slot)
  expect(new Set(slots).size).toBe(slots.length)
}, 60_000)
