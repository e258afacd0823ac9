/** The judge of compare-and-swap acquits what is right, and convicts each thing that is not. */

import { expect, test } from '@jest/globals'
import { Model, type ModelEvent } from '../model/model.js'
import { op, txn } from '../model/requests.js'
import { BANK, COUNTER, type SwapMaterial, type TransferRecord } from './swap-record.js'
import { judgeSwaps } from './swap-rules.js'

const NOTHING: SwapMaterial = { transfers: [], adds: [], numbers: [], workerIds: [] }
const TRANSFER: TransferRecord = { id: 'a#1', from: '1', to: '2', amount: 5, outcome: 'done' }

type Put = readonly [key: string, value: number]

/** What happens in a store when each of these is written at a revision of its own. */
function eventsOf(...revisions: readonly (readonly Put[])[]): readonly ModelEvent[] {
  const model = new Model()
  for (const puts of revisions) {
    const request = txn(
      [],
      puts.map(([key, value]) => op.put(key, String(value))),
    )
    model.execute({ kind: 'txn', request })
  }
  return model.events(0, Number.POSITIVE_INFINITY, '', '\0')
}
const account = (name: string, value: number): Put => [`${BANK}/account/${name}`, value]
const done = (id: string): Put => [`${BANK}/done/${id}`, 1]
const moved = [account('1', 995), account('2', 1_005), done('a#1')]
const again = [account('1', 990), account('2', 1_010), done('a#1')]

const rules = (material: Partial<SwapMaterial>, events: readonly ModelEvent[] = []) =>
  judgeSwaps({ ...NOTHING, ...material }, events).map(({ rule }) => rule)
const transfers = (outcome: TransferRecord['outcome']) => ({
  transfers: [{ ...TRANSFER, outcome }],
})

test('a transfer that was done once is acquitted, whatever is known of it', () => {
  expect(rules(transfers('done'), eventsOf(moved))).toEqual([])
  expect(rules(transfers('unknown'), eventsOf(moved))).toEqual([])
  expect(rules(transfers('unknown'))).toEqual([])
  expect(rules(transfers('failed'))).toEqual([])
})

test('one that was done twice, or not, or against its answer, is convicted', () => {
  for (const outcome of ['done', 'unknown', 'failed'] as const)
    expect(rules(transfers(outcome), eventsOf(moved, again))).toContain('swap B2')
  expect(rules(transfers('done'))).toEqual(['swap B2'])
  expect(rules(transfers('failed'), eventsOf(moved))).toEqual(['swap B2'])
  expect(rules({}, eventsOf(moved))).toEqual(['swap B2'])
})

test('money that comes or goes is convicted', () => {
  const lost = [account('1', 990), account('2', 1_005), done('a#1')]
  expect(rules(transfers('done'), eventsOf(lost))).toContain('swap B1')
  const elsewhere = [account('3', 995), account('2', 1_005), done('a#1')]
  expect(rules(transfers('done'), eventsOf(elsewhere))).toEqual(['swap B2'])
})

test('adds that are counted once are acquitted, others are convicted', () => {
  const counted = (value: number) => eventsOf([[`${COUNTER}/value`, value]])
  const add = (amount: number, outcome: number | 'unknown', began = 0, ended = 9) => ({
    process: 'a',
    amount,
    outcome,
    began,
    ended,
  })
  expect(rules({ adds: [add(3, 3), add(4, 7)] }, counted(7))).toEqual([])
  expect(rules({ adds: [add(3, 3), add(2, 'unknown'), add(4, 9)] }, counted(9))).toEqual([])
  expect(rules({ adds: [add(3, 3), add(4, 5)] }, counted(7))).toContain('swap C1')
  expect(rules({ adds: [add(3, 3), add(4, 7)] }, counted(8))).toEqual(['swap C1'])
  expect(rules({ adds: [add(3, 3)] }, counted(0))).toEqual(['swap C1'])
  const backwards = { adds: [add(3, 3, 5, 6), add(4, 7, 1, 2)] }
  expect(rules(backwards, counted(7))).toEqual(['swap C1'])
})

test('numbers that are given twice, or go back, are convicted', () => {
  const gave = (handle: string, first: number, count = 1) => ({ handle, first, count })
  expect(rules({ numbers: [gave('a', 1, 3), gave('b', 4), gave('a', 7)] })).toEqual([])
  expect(rules({ numbers: [gave('a', 1, 3), gave('b', 3)] })).toEqual(['swap S1'])
  expect(rules({ numbers: [gave('a', 5), gave('a', 1)] })).toEqual(['swap S1'])
})

test('a worker id that two were given, or that was never made, is convicted', () => {
  const events = eventsOf([['swap/ids/ids/0', 1]])
  const id = { process: 'a', key: 'swap/ids/ids/0', leaseId: 0n, fencingToken: 2 }
  expect(rules({ workerIds: [id] }, events)).toEqual([])
  expect(rules({ workerIds: [id, { ...id, process: 'b' }] }, events)).toEqual(['swap W1'])
  expect(rules({ workerIds: [{ ...id, fencingToken: 3 }] }, events)).toEqual(['swap W1'])
  expect(rules({ workerIds: [{ ...id, leaseId: 7n }] }, events)).toEqual(['swap W1'])
})
