/** The log is cut only behind what is durable, and only by a marker that the log still has. */

import { expect, test } from '@jest/globals'
import { silentLog } from '../../client/host/log.js'
import { LOG_BYTES_MAX } from '../limits.js'
import type { Raft } from '../raft/raft.js'
import type { Wal, WalBatch } from '../storage/wal.js'
import { LogKeeper } from './log-keeper.js'
import type { StateHolder } from './state-holder.js'

function bed(catchUpEntries = 5) {
  const steps: string[] = []
  const fatal: Error[] = []
  let committed: () => void = () => {}
  const raft = {
    state: { firstIndex: 1 },
    compact: (index: number) => {
      steps.push(`memory ${index}`)
      raft.state.firstIndex = index + 1
    },
  }
  const state = {
    point: { index: 0, term: 1, confState: undefined },
    commit: () =>
      new Promise<void>((resolve) => {
        committed = resolve
      }),
  }
  const wal = {
    append: ({ snapshot }: WalBatch, done: () => void) => {
      if (snapshot!.index < raft.state.firstIndex - 1) throw new Error('older than the log')
      steps.push(`marker ${snapshot!.index}`)
      done()
    },
    release: async (index: number) => {
      steps.push(`segments ${index}`)
    },
  }
  const keeper = new LogKeeper(
    {
      raft: raft as unknown as Raft,
      wal: wal as unknown as Wal,
      state: state as unknown as StateHolder,
      log: silentLog,
      snapshotCount: 10,
      catchUpEntries,
      logBytesMax: LOG_BYTES_MAX,
      onFatal: (reason) => fatal.push(reason),
    },
    0,
  )
  const apply = (index: number, bytes = 1) => {
    state.point = { ...state.point, index }
    keeper.applied(index, bytes)
  }
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  return { raft, steps, fatal, keeper, apply, settle, committed: () => committed() }
}

test('commit, then the marker, then memory and segments; slow members keep some entries', async () => {
  const it = bed()
  for (let index = 1; index <= 10; index++) it.apply(index)
  await it.settle()
  expect(it.steps).toEqual([])
  for (let index = 11; index <= 30; index++) it.apply(index)
  it.committed()
  await it.settle()
  expect(it.steps).toEqual(['marker 10', 'memory 5', 'segments 10'])
  it.apply(31)
  it.committed()
  await it.settle()
  expect(it.steps.slice(3)).toEqual(['marker 31', 'memory 26', 'segments 31'])
})

test('a log that is too large for memory is cut at once, and to the end', async () => {
  const it = bed()
  it.apply(1, 200 * 2 ** 20)
  it.committed()
  await it.settle()
  expect(it.steps).toEqual(['marker 1', 'memory 1', 'segments 1'])
})

test('a snapshot that arrives while the commit is slow wins: no marker goes behind it', async () => {
  const it = bed()
  for (let index = 1; index <= 10; index++) it.apply(index)
  it.raft.state.firstIndex = 501
  it.keeper.reset(500)
  it.committed()
  await it.settle()
  expect([it.fatal, it.steps]).toEqual([[], []])
  it.apply(510)
  it.committed()
  await it.settle()
  expect(it.steps[0]).toBe('marker 510')
})

test('after a stop nothing is cut any more', async () => {
  const it = bed()
  for (let index = 1; index <= 10; index++) it.apply(index)
  it.keeper.stop()
  it.committed()
  await it.settle()
  for (let index = 11; index <= 30; index++) it.apply(index)
  await it.settle()
  expect(it.steps).toEqual([])
})
