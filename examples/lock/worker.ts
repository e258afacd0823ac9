/**
 * One worker, a process of its own: acquires the lock, writes a few times, gives it back, again
 * and again until its parent goes away. A session that is lost is followed by another.
 *
 * It stops writing as soon as its signal fires. That is all that a holder can do, and it is not
 * enough: a process that stood still writes once more before any of its timers can tell it.
 *
 * Environment: `WORKER_NAME`, `WORKER_ENDPOINTS` (with commas), `WORKER_TTL_SECONDS`.
 */

import { connect } from 'conclave'
import { type Lock, LostError, Mutex, Session } from 'conclave/recipes'
import type { WorkerMessage, WriteAnswer } from './messages.js'

const WRITES_PER_TURN = 50
const PAUSE_MS = 40

const { WORKER_NAME: owner = 'worker', WORKER_ENDPOINTS = '', WORKER_TTL_SECONDS } = process.env
const ttlSeconds = Number(WORKER_TTL_SECONDS ?? 2)
const waiting = new Map<number, (accepted: boolean) => void>()
let writes = 0

process.on('message', ({ id, accepted }: WriteAnswer) => {
  waiting.get(id)?.(accepted)
  waiting.delete(id)
})
process.on('disconnect', () => process.exit())

const client = connect({ endpoints: WORKER_ENDPOINTS.split(',') })
for (;;) {
  try {
    const session = await Session.create(client, { owner, ttlSeconds })
    const mutex = new Mutex(session, 'example/printer')
    while (session.alive) await mutex.using(turn)
  } catch (error) {
    if (!(error instanceof LostError)) await pause()
  }
}

async function turn(lock: Lock): Promise<void> {
  const token = lock.fencingToken
  lock.signal.addEventListener('abort', () => tell({ kind: 'lost', token }))
  const answers: Promise<boolean>[] = []
  for (let i = 0; i < WRITES_PER_TURN && !lock.signal.aborted; i++) {
    answers.push(write(token))
    await pause()
  }
  await Promise.all(answers)
}

function write(token: number): Promise<boolean> {
  const id = ++writes
  return new Promise((resolve) => {
    waiting.set(id, resolve)
    tell({ kind: 'write', id, token })
  })
}

function tell(message: WorkerMessage): void {
  process.send?.(message)
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
}
