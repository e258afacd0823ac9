/** The judge of double barriers convicts each broken promise and lets right histories pass. */

import { describe, expect, test } from '@jest/globals'
import { EventType } from '../../client/wire/generated/kv.js'
import type { ModelEvent } from '../model/model.js'
import type { Committed } from './committed.js'
import type { Visit } from './gathering-record.js'
import { judgeGatherings } from './gathering-rules.js'

/** A store in which revision r comes to be at 100 r milliseconds. */
class Store {
  readonly events: ModelEvent[] = []
  readonly log: Committed[] = []
  #revision = 1

  put(key: string, value = ''): this {
    return this.#change(EventType.PUT, key, value)
  }

  delete(key: string): this {
    return this.#change(EventType.DELETE, key, '')
  }

  #change(type: EventType, key: string, value: string): this {
    const revision = ++this.#revision
    const kv = { key: `g/${key}`, value: Buffer.from(value) } as unknown as ModelEvent['kv']
    this.events.push({ revision, type, kv, prev: undefined })
    const result = { ok: true, response: { header: { revision } } }
    this.log.push({ index: revision, atMs: 100 * revision, result } as Committed)
    return this
  }
}

const moment = (ms: number) => ({ at: ms, ms })
const visit = (who: string, more: Partial<Visit>): Visit => ({
  process: who,
  name: 'g',
  count: 2,
  key: `g/waiters/${who}`,
  asked: moment(0),
  entered: undefined,
  refused: undefined,
  left: undefined,
  ...more,
})
const entered = (ms: number, round: number) => ({ entered: { moment: moment(ms), round } })
/** a comes at 2, b at 3, the round is opened at 4, a leaves at 5, b at 6. */
const usual = () =>
  new Store()
    .put('waiters/a')
    .put('waiters/b')
    .put('round', '3')
    .delete('waiters/a')
    .delete('waiters/b')
const rules = (store: Store, ...visits: Visit[]) =>
  judgeGatherings(visits, store).map(({ rule }) => rule.split(' ')[1])

describe('the judge of double barriers', () => {
  test('lets a round pass, and the next one', () => {
    const store = usual().put('waiters/b').put('waiters/c').put('round', '8')
    const visits = [
      visit('a', { ...entered(450, 3), left: moment(650) }),
      visit('b', { ...entered(460, 3), left: moment(660) }),
      visit('c', entered(950, 8)),
    ]
    expect(rules(store, ...visits)).toEqual([])
  })

  test('lets a round pass whose participant died while it was opened', () => {
    const store = new Store()
      .put('waiters/a')
      .put('waiters/b')
      .delete('waiters/a')
      .put('round', '3')
    expect(rules(store, visit('b', entered(600, 3)))).toEqual([])
  })

  test('lets pass who backs out, before the first round and after one', () => {
    const store = new Store().put('waiters/a').delete('waiters/a').put('round', '0')
    store.put('waiters/b').put('waiters/a').put('round', '6')
    store.delete('waiters/a').delete('waiters/b').delete('round')
    store.put('waiters/c').delete('waiters/c').put('round', '0')
    expect(rules(store, visit('a', { ...entered(750, 6), left: moment(950) }))).toEqual([])
  })

  test('G1: a round for fewer, or beside the one before', () => {
    const few = new Store().put('waiters/a').put('round', '2')
    expect(rules(few, visit('a', entered(350, 2)))).toEqual(['G1'])
    const beside = new Store()
      .put('waiters/a')
      .put('waiters/b')
      .put('round', '3')
      .delete('waiters/a')
      .put('waiters/c')
      .put('round', '6')
    expect(rules(beside, visit('c', entered(800, 6)))).toEqual(['G1'])
  })

  test('G2: entered too early, without a key, or a round that never was', () => {
    expect(rules(usual(), visit('a', entered(350, 3)))).toEqual(['G2'])
    expect(rules(usual(), visit('z', entered(450, 3)))).toEqual(['G2'])
    expect(rules(usual(), visit('a', entered(450, 2)))).toEqual(['G2'])
  })

  test('G3: refused, and let in all the same', () => {
    expect(rules(usual(), visit('b', { refused: moment(700) }))).toEqual(['G3'])
    expect(rules(usual(), visit('c', { refused: moment(700) }))).toEqual([])
  })

  test('G4: left before another did', () => {
    expect(rules(usual(), visit('a', { ...entered(450, 3), left: moment(550) }))).toEqual(['G4'])
    const stays = new Store().put('waiters/a').put('waiters/b').put('round', '3')
    const left = { ...entered(450, 3), left: moment(9_000) }
    expect(rules(stays.delete('waiters/a'), visit('a', left))).toEqual(['G4'])
  })
})
