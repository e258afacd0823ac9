/** The judge of queues convicts each broken promise, and lets right histories pass. */

import { describe, expect, test } from '@jest/globals'
import { EventType } from '../../client/wire/generated/kv.js'
import type { ModelEvent } from '../model/model.js'
import type { DeliveryRecord, EnqueueRecord } from './queue-record.js'
import { judgeQueues } from './queue-rules.js'

const ATTEMPTS_MAX = 2

/** A queue `q` whose every step is a revision, from 2 on. */
class Log {
  readonly events: ModelEvent[] = []
  #revision = 1

  create(id: string, more: { priority?: number; delayMs?: number } = {}): this {
    return this.#step({ [`live/item/${id}`]: item(0, more) })
  }

  claim(attempts: number, ...ids: string[]): this {
    const puts = ids.flatMap((id) => [
      [`live/claim/${id}`, '{}'],
      [`live/item/${id}`, item(attempts)],
    ])
    return this.#step(Object.fromEntries(puts))
  }

  ack(id: string): this {
    return this.#step({}, `live/claim/${id}`, `live/item/${id}`)
  }

  giveBack(id: string, attempts: number): this {
    return this.#step({ [`live/item/${id}`]: item(attempts) }, `live/claim/${id}`)
  }

  fall(id: string): this {
    return this.#step({}, `live/claim/${id}`)
  }

  bury(id: string): this {
    return this.#step({ [`dead/${id}`]: '{}' }, `live/item/${id}`, `live/claim/${id}`)
  }

  vanish(id: string): this {
    return this.#step({}, `live/item/${id}`)
  }

  consumer(id: string): this {
    return this.#step({ [`live/consumer/${id}`]: '{}' })
  }

  #step(puts: Record<string, string>, ...deletes: string[]): this {
    const revision = ++this.#revision
    const event = (type: EventType, key: string, value = '') => {
      const kv = { key: `q/${key}`, value: Buffer.from(value) } as unknown as ModelEvent['kv']
      this.events.push({ revision, type, kv, prev: undefined })
    }
    for (const [key, value] of Object.entries(puts)) event(EventType.PUT, key, value)
    for (const key of deletes) event(EventType.DELETE, key)
    return this
  }
}

function item(attempts: number, more: object = {}): string {
  return JSON.stringify({ priority: 0, place: 0, attempts, ...more })
}

function enqueued(id: string, outcome: EnqueueRecord['outcome'] = 'done'): EnqueueRecord {
  return { process: 'p', queue: 'q', id, outcome }
}

function given(
  id: string,
  token: number,
  attempt = 1,
  ack: DeliveryRecord['ack'] = undefined,
): DeliveryRecord {
  return { process: 'c', queue: 'q', id, token, attempt, ack }
}

function judged(log: Log, enqueues: EnqueueRecord[], deliveries: DeliveryRecord[]) {
  const material = { enqueues, deliveries }
  return judgeQueues(material, log.events, ATTEMPTS_MAX).map(({ rule }) => rule)
}

/** Created at 2, claimed at 3, acked at 4. */
const done = () => new Log().create('a').claim(1, 'a').ack('a')

describe('queues', () => {
  test('enqueued, given, acked: right, also with lost answers', () => {
    expect(judged(done(), [enqueued('a')], [given('a', 3, 1, 'done')])).toEqual([])
    expect(judged(done(), [enqueued('a', 'unknown')], [given('a', 3)])).toEqual([])
    const again = [enqueued('a'), enqueued('a', 'duplicate'), enqueued('b', 'failed')]
    expect(judged(done(), again, [given('a', 3, 1, 'done')])).toEqual([])
  })

  test('given back, lost, and buried at last: right', () => {
    const log = new Log().create('a').claim(1, 'a').giveBack('a', 1).claim(2, 'a').bury('a')
    expect(judged(log, [enqueued('a')], [given('a', 3), given('a', 5, 2)])).toEqual([])
    const fallen = new Log().create('a').claim(1, 'a').fall('a').claim(2, 'a').fall('a').bury('a')
    expect(judged(fallen, [enqueued('a')], [given('a', 3, 1, 'lost'), given('a', 5, 2)])).toEqual(
      [],
    )
  })

  test('Q1: acknowledged and never there, vanished, or acked by nobody', () => {
    expect(judged(new Log(), [enqueued('a')], [])).toEqual(['queue Q1'])
    const vanished = new Log().create('a').vanish('a')
    expect(judged(vanished, [enqueued('a')], [])).toEqual(['queue Q1'])
    expect(judged(done(), [enqueued('a')], [])).toEqual(['queue Q1'])
    expect(judged(done(), [enqueued('a', 'failed')], [given('a', 3)])).toEqual(['queue Q1'])
  })

  test('Q2: created twice, or acknowledged as new twice', () => {
    const twice = new Log().create('a').claim(1, 'a').ack('a').create('a')
    expect(judged(twice, [enqueued('a')], [given('a', 3)])).toContain('queue Q2')
    const told = [enqueued('a'), enqueued('a')]
    expect(judged(done(), told, [given('a', 3)])).toEqual(['queue Q2'])
  })

  test('Q3: an ack that did not happen, or by a claim that was lost', () => {
    const open = new Log().create('a').claim(1, 'a')
    expect(judged(open, [enqueued('a')], [given('a', 3, 1, 'done')])).toEqual(['queue Q3'])
    const log = new Log().create('a').claim(1, 'a').fall('a').claim(2, 'a').ack('a')
    const deliveries = [given('a', 3, 1, 'done'), given('a', 5, 2, 'done')]
    expect(judged(log, [enqueued('a')], deliveries)).toEqual(['queue Q3'])
  })

  test('Q4: claimed while another has it, given without a claim, or to two', () => {
    const twice = new Log().create('a').claim(1, 'a').claim(2, 'a')
    const both = [given('a', 3), given('a', 4, 2)]
    expect(judged(twice, [enqueued('a')], both)).toEqual(['queue Q4'])
    expect(judged(new Log().create('a'), [enqueued('a')], [given('a', 7)])).toEqual(['queue Q4'])
    const same = [given('a', 3), { ...given('a', 3), process: 'd' }]
    expect(judged(done(), [enqueued('a')], same)).toEqual(['queue Q4'])
  })

  test('Q5: an attempt that is not counted, told wrong, or a burial too early', () => {
    const again = new Log().create('a').claim(1, 'a').fall('a').claim(1, 'a')
    expect(judged(again, [], [given('a', 3), given('a', 5)])).toEqual(['queue Q5'])
    expect(judged(done(), [enqueued('a')], [given('a', 3, 2)])).toEqual(['queue Q5'])
    const early = new Log().create('a').claim(1, 'a').bury('a')
    expect(judged(early, [enqueued('a')], [given('a', 3)])).toEqual(['queue Q5'])
  })

  test('Q6: who is alone passes over what goes before', () => {
    const fifo = new Log().create('a').create('b').claim(1, 'b')
    expect(judged(fifo, [], [given('b', 4)])).toEqual(['queue Q6'])
    const priority = new Log().create('a', { priority: 1 }).create('b').claim(1, 'b')
    expect(judged(priority, [], [given('b', 4)])).toEqual(['queue Q6'])
  })

  test('passed over because it is delayed, unknown, taken along, or for another: right', () => {
    const delayed = new Log().create('a', { delayMs: 9 }).create('b').claim(1, 'b')
    expect(judged(delayed, [], [given('b', 4)])).toEqual([])
    const unknown = new Log().create('b').create('a', { priority: 1 }).claim(1, 'b')
    expect(judged(unknown, [], [given('b', 4)])).toEqual([])
    const both = new Log().create('a').create('b').claim(1, 'a', 'b')
    expect(judged(both, [], [given('a', 4), given('b', 4)])).toEqual([])
    const others = new Log().consumer('1').consumer('2').create('a').create('b').claim(1, 'b')
    expect(judged(others, [], [given('b', 6)])).toEqual([])
  })
})
