/**
 * Judges what recipes did by compare-and-swap, against the events of the store:
 *
 * - *B1*: the accounts add up to the same at every revision;
 * - *B2*: a transfer that was acknowledged was done once, one that failed was not, one whose
 *   outcome is unknown once at most; and it moved its amount, and nothing else did;
 * - *C1*: every `add` that was acknowledged was counted once: they own disjoint stretches of
 *   what the counter counted, in the order of time, and what nobody owns is not more than what
 *   the unknown ones may have added;
 * - *S1*: no number was given twice, and each handle gave greater and greater ones;
 * - *W1*: a worker id was granted with a key that was really created so, and to one only.
 */

import { EventType } from '../../client/wire/generated/kv.js'
import type { ModelEvent } from '../model/model.js'
import type { Violation } from './operation.js'
import {
  type AddRecord,
  BALANCE,
  BANK,
  COUNTER,
  type NumbersRecord,
  type SwapMaterial,
  type TransferRecord,
  type WorkerIdRecord,
} from './swap-record.js'

/** Judges by all rules. Empty: acquitted. @param events every event of the store, in order. */
export function judgeSwaps(material: SwapMaterial, events: readonly ModelEvent[]): Violation[] {
  return [
    ...judgeBank(material.transfers, events),
    ...judgeCounter(material.adds, events),
    ...judgeNumbers(material.numbers),
    ...judgeWorkerIds(material.workerIds, events),
  ]
}

function judgeBank(transfers: readonly TransferRecord[], events: readonly ModelEvent[]) {
  const found: Violation[] = []
  const convict = (rule: string, message: string) => found.push({ rule: `swap ${rule}`, message })
  const byId = new Map(transfers.map((one) => [one.id, one]))
  const times = new Map<string, number>()
  for (const [revision, changes] of bankRevisions(events)) {
    const { moved, ids } = changes
    const total = [...moved.values()].reduce((sum, by) => sum + by, 0)
    if (total !== 0)
      convict('B1', `revision ${revision} changed the sum of all accounts by ${total}`)
    for (const id of ids) times.set(id, (times.get(id) ?? 0) + 1)
    const transfer = ids.length === 1 ? byId.get(ids[0]!) : undefined
    if (transfer === undefined || !explains(transfer, moved))
      convict(
        'B2',
        `revision ${revision} moved ${[...moved].join(' ')}, by ${ids.join(' ') || 'none'}`,
      )
  }
  for (const { id, outcome } of transfers) {
    const count = times.get(id) ?? 0
    const isRight = outcome === 'unknown' ? count <= 1 : count === (outcome === 'done' ? 1 : 0)
    if (!isRight) convict('B2', `transfer ${id}, which is ${outcome}, was done ${count} times`)
  }
  return found
}

interface BankChange {
  /** What each account gained. */
  readonly moved: Map<string, number>
  /** Transfers that say they were done. */
  readonly ids: string[]
}

function bankRevisions(events: readonly ModelEvent[]): Map<number, BankChange> {
  const revisions = new Map<number, BankChange>()
  for (const { revision, kv, prev } of events) {
    if (!kv.key.startsWith(`${BANK}/`)) continue
    const change: BankChange = revisions.get(revision) ?? { moved: new Map(), ids: [] }
    revisions.set(revision, change)
    const [, kind, name] = kv.key.slice(BANK.length).split('/')
    if (kind === 'done') change.ids.push(name!)
    else change.moved.set(name!, numberOf(kv.value, BALANCE) - numberOf(prev?.value, BALANCE))
  }
  return revisions
}

function explains({ from, to, amount }: TransferRecord, moved: ReadonlyMap<string, number>) {
  return moved.size === 2 && moved.get(from) === -amount && moved.get(to) === amount
}

function judgeCounter(adds: readonly AddRecord[], events: readonly ModelEvent[]): Violation[] {
  const found: Violation[] = []
  const convict = (message: string) => found.push({ rule: 'swap C1', message })
  const last = events.findLast(({ kv }) => kv.key === `${COUNTER}/value`)
  const counted = numberOf(last?.kv.value, 0)
  let [owned, end, maybe] = [0, 0, 0]
  const known: { add: AddRecord; value: number }[] = []
  for (const add of adds) {
    if (add.outcome === 'unknown') maybe += add.amount
    else if (add.outcome !== 'failed') known.push({ add, value: add.outcome })
  }
  let latestBegan = 0
  for (const { add, value } of known.sort((a, b) => a.value - b.value)) {
    const told = `${add.process} added ${add.amount} and was told ${value}`
    if (value - add.amount < end) convict(`${told}, when it was ${end} already`)
    if (add.ended < latestBegan) convict(`${told}, before one began that was told less`)
    latestBegan = Math.max(latestBegan, add.began)
    owned += add.amount
    end = value
  }
  if (end > counted) convict(`somebody was told ${end}, and it is ${counted}`)
  if (counted - owned > maybe)
    convict(`it is ${counted}, of which ${owned} are acknowledged and ${maybe} unknown`)
  return found
}

function judgeNumbers(numbers: readonly NumbersRecord[]): Violation[] {
  const found: Violation[] = []
  const convict = (message: string) => found.push({ rule: 'swap S1', message })
  const last = new Map<string, number>()
  for (const { handle, first, count } of numbers) {
    const before = last.get(handle) ?? 0
    if (first <= before) convict(`${handle} gave ${first} after ${before}`)
    last.set(handle, first + count - 1)
  }
  let end = 0
  for (const { handle, first, count } of numbers.toSorted((a, b) => a.first - b.first)) {
    if (first < end) convict(`${handle} gave ${first}, which was given before`)
    end = Math.max(end, first + count)
  }
  return found
}

function judgeWorkerIds(
  granted: readonly WorkerIdRecord[],
  events: readonly ModelEvent[],
): Violation[] {
  const created = new Map<string, bigint>()
  for (const { type, kv } of events)
    if (type === EventType.PUT && kv.createRevision === kv.modRevision)
      created.set(`${kv.key} ${kv.createRevision}`, kv.lease)
  const holders = new Map<string, string>()
  return granted.flatMap(({ process, key, leaseId, fencingToken }) => {
    const name = `${key} ${fencingToken}`
    const other = holders.get(name)
    holders.set(name, process)
    const told = `${process} was given ${key} with token ${fencingToken}`
    if (other !== undefined) return [{ rule: 'swap W1', message: `${told}, and so was ${other}` }]
    if (created.get(name) === leaseId) return []
    return [{ rule: 'swap W1', message: `${told}, which was not created so` }]
  })
}

function numberOf(value: Uint8Array | undefined, missing: number): number {
  return value === undefined || value.length === 0 ? missing : Number(Buffer.from(value).toString())
}
