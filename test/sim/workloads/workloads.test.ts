/** Each workload at work in a small calm world: it notes what it should, and comes to its end. */

import { afterEach, describe, expect, test } from '@jest/globals'
import { EventType } from '../../../client/wire/generated/kv.js'
import type { RangeRequest, TxnResponse } from '../../../client/wire/generated/rpc.js'
import { putsOf } from '../../check/call-parts.js'
import type { Operation } from '../../check/operation.js'
import { type Kv, latin1 } from '../../model/history.js'
import { SeededRandom } from '../../model/random.js'
import { Versions } from '../../model/state.js'
import { WORKLOAD_NAMES, type WorkloadName } from './table.js'
import { drawWork, type WorkPlan } from './work-plan.js'
import { WorkBed } from './workloads.test.fixture.js'

let bed: WorkBed | undefined

afterEach(() => bed?.world.stop())

/** Nothing but these workloads, often. */
function plan(names: readonly WorkloadName[], more: Partial<WorkPlan> = {}): WorkPlan {
  const weights = Object.fromEntries(
    WORKLOAD_NAMES.map((name) => [name, names.includes(name) ? 1 : 0]),
  ) as Record<WorkloadName, number>
  return {
    clients: 3,
    pipelineShare: 0.7,
    sessionTtlSeconds: 60,
    stepsPerSecond: 20,
    stepsUnderWayMax: 4,
    operationsMax: 5_000,
    weights,
    keys: 4,
    valueBytes: 0,
    timeoutMsMin: 1_000,
    timeoutMsMax: 2_000,
    slowReaderMs: 0,
    compactionIntervalMs: 1_000,
    watchersMax: 3,
    leaseTtlSecondsMin: 1,
    leaseTtlSecondsMax: 3,
    locks: 1,
    ...more,
  }
}

/** The work of some seconds and its end; no judge finds fault. */
async function work(plan: WorkPlan, forMs = 15_000, seed = 1): Promise<WorkBed> {
  bed = await WorkBed.start(seed, plan)
  await bed.world.run(forMs)
  await bed.end()
  expect(bed.judge()).toEqual([])
  return bed
}

/** Operations whose call and outcome are such. */
function count(
  { workloads }: WorkBed,
  kind: Operation['call']['kind'],
  outcome: string,
  match: (operation: Operation) => boolean = () => true,
): number {
  const matches = (one: Operation) =>
    one.call.kind === kind && one.answer?.kind === outcome && match(one)
  return workloads.operations.filter(matches).length
}

function keysPut({ workloads }: WorkBed): string[] {
  return workloads.operations.flatMap(({ call }) => putsOf(call).map(({ key }) => latin1(key)))
}

/** All keys in the end. */
function liveKvs({ truth }: WorkBed): Kv[] {
  return new Versions(truth.events).at(truth.revision).select('\0', '\0')
}

describe('the workload', () => {
  test('of registers reads, writes, swaps and deletes a few keys', async () => {
    const bed = await work(plan(['registers']))
    const succeeded = ({ answer }: Operation) =>
      answer?.kind === 'ok' && (answer.response as TxnResponse).succeeded
    const reads = (match: (request: RangeRequest) => boolean) =>
      count(bed, 'range', 'ok', ({ call }) => match(call.request as RangeRequest))
    expect(new Set(keysPut(bed))).toEqual(new Set(['r/00', 'r/01', 'r/02', 'r/03']))
    expect(count(bed, 'put', 'ok')).toBeGreaterThan(10)
    expect(count(bed, 'deleteRange', 'ok')).toBeGreaterThan(2)
    expect(count(bed, 'txn', 'ok', succeeded)).toBeGreaterThan(5)
    expect(count(bed, 'txn', 'ok', (one) => !succeeded(one))).toBeGreaterThan(5)
    expect(reads(({ serializable }) => serializable)).toBeGreaterThan(3)
    expect(reads(({ revision }) => revision > 0)).toBeGreaterThan(3)
  })

  test('of lists grows them, and every element is unique', async () => {
    const bed = await work(plan(['append'], { stepsPerSecond: 40 }))
    const lists = liveKvs(bed).map(({ value }) => latin1(value).split(','))
    const elements = lists.flat()
    expect(elements.length).toBeGreaterThan(50)
    expect(new Set(elements).size).toBe(elements.length)
    expect(lists.length).toBeGreaterThan(1)
  })

  test('of transactions nests them, compares everything, and stays below its prefix', async () => {
    const bed = await work(plan(['transactions'], { stepsPerSecond: 40 }))
    const txns = bed.workloads.operations.flatMap(({ call }) =>
      call.kind === 'txn' ? [call.request] : [],
    )
    const targets = new Set(txns.flatMap(({ compare }) => compare.map(({ target }) => target)))
    const branches = txns.flatMap(({ success, failure }) => [...success, ...failure])
    expect(targets.size).toBe(5)
    expect(branches.some(({ requestTxn }) => requestTxn)).toBe(true)
    expect(branches.some(({ requestDeleteRange }) => requestDeleteRange)).toBe(true)
    expect(count(bed, 'txn', 'ok')).toBeGreaterThan(count(bed, 'txn', 'refused'))
    for (const { kv } of bed.truth.events) expect(kv.key).toMatch(/^t\//)
  })

  test('of bursts has many calls under way, gives some up, and closes and kills its clients', async () => {
    const bed = await work(plan(['bursts'], { sessionTtlSeconds: 2 }), 8_000)
    const { operations, riding } = bed.workloads
    expect(riding.size).toBeGreaterThan(8)
    for (const kind of ['put', 'txn', 'range', 'deleteRange', 'leaseGrant', 'leaseRevoke'] as const)
      expect(count(bed, kind, 'ok')).toBeGreaterThan(0)
    expect(operations.filter(({ answer }) => answer === undefined).length).toBeGreaterThan(5)
    expect(operations.filter(({ answer }) => answer?.kind === 'unknown').length).toBeGreaterThan(5)
    expect(bed.pipeline.answered).toBeGreaterThan(200)
    expect(bed.pipeline.reads).toBeGreaterThan(50)
  })

  test('of raw sessions writes on several streams at once, and in later sessions of the same id', async () => {
    const bed = await work(plan(['rawSessions'], { leaseTtlSecondsMax: 10 }), 8_000)
    const grants = bed.truth.log!.flatMap(({ command, result }) =>
      command?.leaseGrant && result?.ok ? command.leaseGrant.ID : [],
    )
    expect(grants.length).toBeGreaterThan(new Set(grants).size)
    expect(bed.pipeline.sessions).toBeGreaterThan(5)
    expect(bed.pipeline.answered).toBeGreaterThan(100)
  })

  test('of compactions moves the mark along, and is refused now and then', async () => {
    const bed = await work(plan(['registers', 'compaction'], { compactionIntervalMs: 200 }))
    expect(count(bed, 'compaction', 'ok')).toBeGreaterThan(20)
    expect(count(bed, 'compaction', 'refused')).toBeGreaterThan(2)
    expect(bed.truth.compactRevision).toBeGreaterThan(bed.truth.revision - 50)
  })

  test('of watches opens them from everywhere, and takes them up again', async () => {
    const names = ['registers', 'compaction', 'watch'] as const
    const bed = await work(plan(names, { stepsPerSecond: 40, slowReaderMs: 100 }))
    const { watchTraces } = bed.workloads.material
    const responses = watchTraces.flatMap((trace) => trace.responses)
    const starts = watchTraces.map(({ request }) => request.startRevision)
    expect(watchTraces.length).toBeGreaterThan(20)
    expect(starts).toContain(0)
    expect(starts.filter((start) => start > 1).length).toBeGreaterThan(5)
    expect(responses.some(({ canceled, compactRevision }) => canceled && compactRevision > 0)).toBe(
      true,
    )
    expect(responses.some(({ canceled, compactRevision }) => canceled && !compactRevision)).toBe(
      true,
    )
    expect(responses.some(({ watchId, created }) => watchId === -1 && !created)).toBe(true)
    expect(responses.flatMap(({ events }) => events).length).toBeGreaterThan(100)
  })

  test('of client watches tells readers everything, across breaks', async () => {
    const names = ['registers', 'compaction', 'clientWatch'] as const
    const plan_ = plan(names, { slowReaderMs: 100, watchersMax: 4 })
    bed = await WorkBed.start(1, plan_)
    for (let i = 0; i < 4; i++) {
      await bed.world.run(3_000)
      for (const { name } of bed.world.machines)
        for (const client of bed.world.processes)
          bed.world.network.breakConnections(client.name, name)
    }
    await bed.end()
    expect(bed.judge()).toEqual([])
    const { clientWatches } = bed.workloads.material
    const told = clientWatches.flatMap(({ batches }) => batches.flatMap(({ events }) => events))
    expect(clientWatches.length).toBeGreaterThan(5)
    expect(clientWatches.some(({ error }) => error?.code === 'compacted')).toBe(true)
    expect(told.length).toBeGreaterThan(50)
  })

  test('of leases grants, renews, revokes, looks, and lets some expire', async () => {
    const bed = await work(plan(['lease']), 30_000)
    const { leases } = bed.workloads.material
    const of = (kind: string, outcome: string) =>
      leases.filter((one) => one.kind === kind && one.answer?.kind === outcome).length
    expect(of('grant', 'ok')).toBeGreaterThan(10)
    expect(of('keepAlive', 'ok')).toBeGreaterThan(20)
    expect(of('keepAlive', 'gone')).toBeGreaterThan(0)
    expect(of('revoke', 'ok')).toBeGreaterThan(3)
    expect(of('timeToLive', 'ok')).toBeGreaterThan(10)
    expect(of('timeToLive', 'gone')).toBeGreaterThan(3)
    expect(bed.truth.events.some(({ type }) => type === EventType.DELETE)).toBe(true)
  })

  test('of mutexes hands them around, and what they guard is written', async () => {
    const bed = await work(plan(['mutex']), 40_000)
    const { grants, writes } = bed.workloads.material.locks
    expect(grants.length).toBeGreaterThan(15)
    expect(new Set(grants.map(({ process }) => process)).size).toBe(3)
    expect(grants.some(({ end }) => end?.kind === 'released')).toBe(true)
    expect(grants.some(({ end }) => end?.kind === 'lost')).toBe(true)
    expect(writes.filter(({ accepted }) => accepted).length).toBeGreaterThan(10)
  })

  test('of read-write locks has several readers at a time, writers, and downgrades', async () => {
    const bed = await work(plan(['rwlock']), 90_000)
    const { grants, writes } = bed.workloads.material.locks
    expect(grants.filter(({ key }) => key.includes('/read/')).length).toBeGreaterThan(15)
    expect(grants.filter(({ key }) => key.includes('/write/')).length).toBeGreaterThan(10)
    expect(grants.some(({ end }) => end?.kind === 'lost')).toBe(true)
    expect(writes.filter(({ accepted }) => accepted).length).toBeGreaterThan(5)
    const downgraded = bed.truth.events.filter(
      ({ kv, type }) => type === EventType.PUT && kv.key.includes('/write/') && kv.version === 2,
    )
    expect(downgraded.length).toBeGreaterThan(2)
  })

  test('of semaphores grants permits in order, under limits that change', async () => {
    const bed = await work(plan(['semaphore']), 40_000)
    const { grants } = bed.workloads.material.locks
    const puts = bed.truth.events.filter(({ type }) => type === EventType.PUT)
    expect(grants.length).toBeGreaterThan(20)
    expect(grants.some(({ end }) => end?.kind === 'released')).toBe(true)
    expect(puts.filter(({ kv }) => kv.key.endsWith('/limit')).length).toBeGreaterThan(2)
    // Some waited, and told the next that it was their turn.
    expect(puts.some(({ kv }) => kv.key.includes('/permits/') && kv.version === 2)).toBe(true)
  })

  test('of elections elects, proclaims, and is observed', async () => {
    const bed = await work(plan(['election']), 40_000)
    const { grants, proclamations, observations } = bed.workloads.material.locks
    const sightings = observations.flatMap((one) => one.sightings)
    expect(grants.length).toBeGreaterThan(10)
    expect(proclamations.filter(({ outcome }) => outcome === 'done').length).toBeGreaterThan(10)
    expect(sightings.some(({ leader }) => leader === undefined)).toBe(true)
    expect(sightings.some(({ leader }) => leader !== undefined)).toBe(true)
  })

  test('of double barriers lets rounds in and out, and refuses one too many', async () => {
    const bed = await work(plan(['doubleBarrier']), 25_000)
    const { visits } = bed.workloads.material
    const rounds = new Set(visits.flatMap(({ entered }) => entered?.round ?? []))
    expect(rounds.size).toBeGreaterThan(5)
    expect(visits.filter(({ left }) => left).length).toBeGreaterThan(10)
    expect(visits.some(({ refused }) => refused)).toBe(true)
  })

  test('of groups has members come, change and go, and onlookers who hear of it', async () => {
    const bed = await work(plan(['groups'], { locks: 2 }), 90_000)
    const { stays, views } = bed.workloads.material.groups
    const news = views.flatMap((view) => view.news)
    expect(stays.filter(({ left }) => left).length).toBeGreaterThan(10)
    expect(stays.some(({ present }) => present.length > 0)).toBe(true)
    expect(views.filter(({ last }) => last).length).toBeGreaterThan(3)
    for (const type of ['join', 'leave', 'update'] as const)
      expect(news.filter((one) => one.type === type).length).toBeGreaterThan(10)
  })

  test('of leader selectors runs work in one process after the other', async () => {
    const bed = await work(plan(['leaderSelector']), 40_000)
    const { grants, writes } = bed.workloads.material.locks
    expect(grants.length).toBeGreaterThan(10)
    expect(new Set(grants.map(({ process }) => process)).size).toBe(3)
    expect(writes.filter(({ accepted }) => accepted).length).toBeGreaterThan(5)
  })
})

describe('the work', () => {
  test('of a drawn plan is the same for the same seed', async () => {
    const hashes: number[] = []
    for (let i = 0; i < 2; i++) {
      const { world } = await work(drawWork(new SeededRandom(6)), 5_000, 6)
      await world.stop()
      hashes.push(world.log.hash)
    }
    expect(hashes[0]).toBe(hashes[1])
  })

  test('stays within its bounds', async () => {
    const { workloads } = await work(plan(['registers'], { operationsMax: 20 }))
    expect(workloads.operations.length).toBeLessThanOrEqual(20 + 3 * 4)
    const few = await work(plan(['registers'], { stepsPerSecond: 2, clients: 2 }))
    expect(few.workloads.steps.registers).toBeGreaterThan(15)
    expect(few.workloads.steps.registers).toBeLessThan(45)
  })

  test('begins nothing after it was stopped', async () => {
    bed = await WorkBed.start(2, plan(WORKLOAD_NAMES))
    await bed.world.run(5_000)
    bed.workloads.stop()
    await bed.world.answered(bed.workloads.settled, 60_000)
    const writes = bed.workloads.operations.filter(({ call }) => call.kind !== 'range').length
    await bed.world.run(20_000)
    const after = bed.workloads.operations.filter(({ call }) => call.kind !== 'range').length
    expect(after).toBe(writes)
    await bed.world.answered(bed.workloads.close())
  })
})

test('a drawn plan is plain JSON', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const drawn = drawWork(new SeededRandom(seed))
    expect(JSON.parse(JSON.stringify(drawn))).toEqual(drawn)
    expect(drawn.timeoutMsMax).toBeGreaterThanOrEqual(drawn.timeoutMsMin)
    expect(Object.keys(drawn.weights)).toEqual([...WORKLOAD_NAMES])
  }
})
