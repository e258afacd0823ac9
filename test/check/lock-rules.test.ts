/** The lock judge convicts each broken promise, lets right histories pass, and measures overlap. */

import { describe, expect, test } from '@jest/globals'
import { EventType } from '../../client/wire/generated/kv.js'
import type { ModelEvent } from '../model/model.js'
import type { Committed } from './committed.js'
import type { HoldEnd, LockMaterial, LockRecord, Moment, Observation } from './lock-record.js'
import { judgeLocks, measureOverlap } from './lock-rules.js'
import type { Operation } from './operation.js'

/** A store in which revision r comes to be at 100 r milliseconds. */
class Store {
  readonly events: ModelEvent[] = []
  readonly log: Committed[] = []
  revision = 1

  /** Lease n has the key m/n. */
  put(lease: number, value = ''): this {
    return this.#change(EventType.PUT, [lease], value)
  }

  delete(...leases: number[]): this {
    return this.#change(EventType.DELETE, leases, '')
  }

  #change(type: EventType, leases: number[], value: string): this {
    const revision = ++this.revision
    for (const lease of leases) {
      const kv = { key: `m/${lease}`, lease: BigInt(lease), value: Buffer.from(value) }
      this.events.push({ revision, type, kv: kv as unknown as ModelEvent['kv'], prev: undefined })
    }
    const result = { ok: true, response: { header: { revision } } }
    this.log.push({ index: revision, atMs: 100 * revision, result } as Committed)
    return this
  }
}

/** A moment whose place is its time. */
const moment = (ms: number): Moment => ({ at: ms, ms })

function grant(
  lease: number,
  token: number,
  asked: number,
  granted: number,
  end?: HoldEnd,
): LockRecord {
  return {
    process: `p${lease}`,
    recipe: 'mutex',
    name: 'm',
    leaseId: BigInt(lease),
    key: `m/${lease}`,
    fencingToken: token,
    asked: moment(asked),
    granted: moment(granted),
    end,
  }
}

const released = (ms: number): HoldEnd => ({
  kind: 'released',
  began: moment(ms),
  moment: moment(ms + 20),
})

function judged(store: Store, material: Partial<LockMaterial>, operations: Operation[] = []) {
  const all = { grants: [], writes: [], proclamations: [], observations: [], ...material }
  return judgeLocks(all, operations, store).map(({ rule }) => rule)
}

/** Lease 1 holds from revision 2 to 4, then lease 2, which came at 3. */
const handedOver = () => new Store().put(1, 'x').put(2, 'y').delete(1)

describe('locks', () => {
  test('handed over in order: right', () => {
    const grants = [grant(1, 2, 150, 210, released(390)), grant(2, 3, 250, 410)]
    expect(judged(handedOver(), { grants })).toEqual([])
  })

  test('shared by one process with itself: right', () => {
    const grants = [grant(1, 2, 150, 210), grant(1, 2, 220, 230)]
    expect(judged(handedOver(), { grants })).toEqual([])
  })

  test('without a log nothing is said about times', () => {
    const { events } = handedOver()
    const material = { writes: [], proclamations: [], observations: [] }
    const grants = [grant(1, 2, 900, 910)]
    expect(judgeLocks({ ...material, grants }, [], { events, log: undefined })).toEqual([])
  })

  test('M1: a smaller token after a greater one, or the same for two', () => {
    const store = new Store().put(1).delete(1).put(2).delete(2).put(1)
    const later = [grant(2, 4, 350, 410), grant(1, 2, 420, 430)]
    expect(judged(store, { grants: later })).toContain('lock M1')
    const twice = [grant(1, 2, 150, 210), { ...grant(1, 2, 150, 210), process: 'other' }]
    expect(judged(store, { grants: twice })).toContain('lock M1')
    const again = [grant(1, 2, 150, 210, released(220)), grant(1, 2, 250, 260)]
    expect(judged(store, { grants: again })).toContain('lock M1')
  })

  test('M3: a key that was never the oldest', () => {
    const store = new Store().put(1).put(2).delete(2).delete(1)
    expect(judged(store, { grants: [grant(2, 3, 250, 510)] })).toEqual(['lock M3'])
  })

  test('M3: gone with its lease in the revision that would have made it the oldest', () => {
    const store = new Store().put(1).put(2).delete(1, 2)
    expect(judged(store, { grants: [grant(2, 3, 250, 410)] })).toEqual(['lock M3'])
  })

  test('M3: held before the call, or after the return', () => {
    expect(judged(handedOver(), { grants: [grant(1, 2, 450, 460)] })).toEqual(['lock M3'])
    expect(judged(handedOver(), { grants: [grant(2, 3, 250, 390)] })).toEqual(['lock M3'])
  })

  test('M3: another lease, or another key', () => {
    const other = { ...grant(1, 2, 150, 210), leaseId: 9n }
    expect(judged(handedOver(), { grants: [other] })).toEqual(['lock M3'])
    const key = { ...grant(1, 2, 150, 210), key: 'm/9' }
    expect(judged(handedOver(), { grants: [key] })).toEqual(['lock M3'])
  })
})

describe('fenced writes', () => {
  const write = (operation: number, fencingToken: number, accepted = true) => {
    return { process: 'p', register: 'r', fencingToken, value: '', operation, accepted }
  }
  const operationAt = (revision: number) => {
    return { answer: { kind: 'ok', response: { header: { revision } } } } as Operation
  }

  test('in the order of their tokens: right', () => {
    const operations = [operationAt(10), operationAt(12), operationAt(11)]
    const writes = [write(0, 2), write(1, 5), write(2, 3), write(2, 1, false)]
    expect(judged(new Store(), { writes }, operations)).toEqual([])
  })

  test('M2: an older holder gets in between', () => {
    const operations = [operationAt(10), operationAt(11)]
    expect(judged(new Store(), { writes: [write(0, 5), write(1, 2)] }, operations)).toEqual([
      'lock M2',
    ])
  })
})

describe('elections', () => {
  const proclaimed = (token: number, value: string, began: number, ended: number) => {
    const times = { began: moment(began), ended: moment(ended), outcome: 'done' as const }
    return { process: 'p1', name: 'm', fencingToken: token, value, ...times }
  }
  const observed = (...seen: [lease: number, token: number, value: string, ms: number][]) => {
    const sightings = seen.map(([lease, fencingToken, value, ms]) => {
      return { moment: moment(ms), leader: { key: `m/${lease}`, fencingToken, value } }
    })
    return { process: 'o', name: 'm', began: moment(0), sightings } as Observation
  }
  /** Lease 1 leads from 2 with x, from 4 with z; lease 2 from 5 with y. */
  const store = () => new Store().put(1, 'x').put(2, 'y').put(1, 'z').delete(1)

  test('proclaimed and observed: right', () => {
    const proclamations = [proclaimed(2, 'z', 380, 420)]
    const observations = [
      observed([1, 2, 'x', 210], [1, 2, 'z', 405], [2, 3, 'y', 900]),
      observed([1, 2, 'z', 405], [1, 2, 'z', 480]),
    ]
    expect(judged(store(), { proclamations, observations })).toEqual([])
  })

  test('E1: proclaimed, but not in the store, or not then', () => {
    expect(judged(store(), { proclamations: [proclaimed(2, 'q', 380, 420)] })).toEqual(['lock E1'])
    expect(judged(store(), { proclamations: [proclaimed(2, 'z', 480, 490)] })).toEqual(['lock E1'])
  })

  test('E1: a candidate that speaks before it leads', () => {
    const early = new Store().put(1, 'x').put(2, 'y').put(2, 'z')
    const proclamations = [proclaimed(3, 'z', 380, 420)]
    expect(judged(early, { proclamations })).toEqual(['lock E1', 'lock E1'])
  })

  test('E2: an observer that is told of who does not lead, of old words, or too early', () => {
    const wrong = (...seen: Parameters<typeof observed>) =>
      expect(judged(store(), { observations: [observed(...seen)] })).toEqual(['lock E2'])
    wrong([1, 2, 'q', 900])
    wrong([2, 7, 'y', 900])
    wrong([1, 2, 'z', 405], [1, 2, 'x', 410])
    wrong([2, 3, 'y', 900], [1, 2, 'x', 910])
    wrong([1, 2, 'z', 390])
  })
})

test('beliefs that overlap are measured', () => {
  const lost = { kind: 'lost', reason: 'expired', moment: moment(450) } as const
  expect(measureOverlap([])).toEqual({ grants: 0, longestMs: 0 })
  expect(measureOverlap([grant(1, 2, 0, 10, released(20)), grant(2, 3, 0, 20)])).toEqual({
    grants: 0,
    longestMs: 0,
  })
  const grants = [grant(1, 2, 150, 210, lost), grant(2, 3, 250, 410, released(500))]
  expect(measureOverlap(grants)).toEqual({ grants: 1, longestMs: 40 })
})
