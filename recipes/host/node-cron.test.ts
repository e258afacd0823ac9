/** The real node-cron, several times on one cluster: each slot of a task runs once. */

import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import cron, { type ScheduledTask, type TaskContext } from 'node-cron'
import { type Client, connect } from '../../client/index.js'
import { type Cluster, startCluster } from '../../server/index.js'
import { distribute, scheduleOn } from './node-cron.js'

const EVERY_SECOND = '* * * * * *'

let cluster: Cluster
const clients: Client[] = []
const tasks: ScheduledTask[] = []

beforeAll(async () => {
  cluster = await startCluster({ size: 1, storage: 'memory', sockets: false })
})
afterEach(async () => {
  for (const task of tasks.splice(0)) await task.destroy()
  for (const client of clients.splice(0)) client.close()
  cron.setRunCoordinator(undefined)
})
afterAll(() => cluster?.stop())

function client(): Client {
  const made = connect({ endpoints: cluster.endpoints, transport: cluster.transport })
  clients.push(made)
  return made
}

/** What became of slots: who ran each, and how many answered for it. */
class Diary {
  readonly ran = new Map<string, string[]>()
  readonly #answered = new Map<string, number>()
  #look = () => {}

  note(slot: Date, node?: string): void {
    const key = slot.toISOString()
    this.#answered.set(key, (this.#answered.get(key) ?? 0) + 1)
    this.ran.set(key, [...(this.ran.get(key) ?? []), ...(node === undefined ? [] : [node])])
    this.#look()
  }

  watch(task: ScheduledTask): ScheduledTask {
    tasks.push(task)
    task.on('execution:skipped', ({ date }) => this.note(date))
    return task
  }

  /** When so many nodes have answered for so many slots: those slots, and who ran them. */
  async full(slots: number, nodes: number): Promise<string[][]> {
    for (;;) {
      const full = [...this.#answered].filter(([, count]) => count >= nodes).map(([slot]) => slot)
      if (full.length >= slots) return full.map((slot) => this.ran.get(slot)!)
      await new Promise<void>((resolve) => {
        this.#look = resolve
      })
    }
  }
}

test('of three, one runs each slot', async () => {
  const diary = new Diary()
  for (const node of ['a', 'b', 'c']) {
    const work = ({ date }: TaskContext) => diary.note(date, node)
    diary.watch(scheduleOn(client(), EVERY_SECOND, work, { name: 'three' }))
  }
  const ran = await diary.full(3, 3)
  expect(ran.map((nodes) => nodes.length)).toEqual(ran.map(() => 1))
})

test('with one line, tasks that were there already ask the cluster', async () => {
  const coordinator = distribute(client(), { prefix: 'jobs' })
  const diary = new Diary()
  for (const node of ['a', 'b']) {
    const work = ({ date }: TaskContext) => diary.note(date, node)
    diary.watch(cron.schedule(EVERY_SECOND, work, { name: 'line', distributed: true }))
  }
  const ran = await diary.full(2, 2)
  expect(ran.map((nodes) => nodes.length)).toEqual(ran.map(() => 1))
  expect(coordinator.prefix).toBe('jobs')
  const { kvs } = await clients[0]!.kv.getAll('jobs/')
  expect(kvs.length).toBeGreaterThanOrEqual(2)
  expect(kvs[0]!.keyString).toMatch(/^jobs\/line:\d{4}-\d\d-\d\dT[\d:.]+Z$/)
})

test('another name is another task', async () => {
  const diary = new Diary()
  const shared = client()
  for (const name of ['one', 'other'])
    diary.watch(scheduleOn(shared, EVERY_SECOND, ({ date }) => diary.note(date, name), { name }))
  const [ran] = await diary.full(1, 2)
  expect(ran!.sort()).toEqual(['one', 'other'])
})

test('when the cluster cannot tell, nothing runs, and the task says so', async () => {
  const gone = client()
  const errors: unknown[] = []
  const logger = {
    info() {},
    warn() {},
    debug() {},
    error: (message: unknown) => errors.push(message),
  }
  let ran = 0
  const task = scheduleOn(gone, EVERY_SECOND, () => ran++, { name: 'gone', logger })
  tasks.push(task)
  gone.close()
  const reason = await new Promise((resolve) =>
    task.once('execution:skipped', (context) => resolve(context.reason)),
  )
  expect(reason).toBe('coordinator-error')
  expect(ran).toBe(0)
  expect(errors.length).toBeGreaterThan(0)
})
