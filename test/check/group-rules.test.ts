/** The judge of groups convicts each broken promise and lets right histories pass. */

import { describe, expect, test } from '@jest/globals'
import { EventType } from '../../client/wire/generated/kv.js'
import type { ModelEvent } from '../model/model.js'
import type { Committed } from './committed.js'
import type { GroupNews, GroupStay, GroupView } from './group-record.js'
import { judgeGroups } from './group-rules.js'

/** A store in which revision r comes to be at 100 r milliseconds. */
class Store {
  readonly events: ModelEvent[] = []
  readonly log: Committed[] = []
  compactRevision = -1
  readonly #live = new Map<string, ModelEvent['kv']>()
  #revision = 1

  put(id: string, value = ''): this {
    return this.#change(EventType.PUT, id, value)
  }

  delete(id: string): this {
    return this.#change(EventType.DELETE, id, '')
  }

  /** Time passes. */
  others(count: number): this {
    for (let i = 0; i < count; i++) this.#change(EventType.PUT, '', '', 'elsewhere')
    return this
  }

  compacted(revision: number): this {
    this.compactRevision = revision
    return this
  }

  #change(type: EventType, id: string, value: string, key = `g/${id}`): this {
    const revision = ++this.#revision
    const kv = { key, value: Buffer.from(value) } as unknown as ModelEvent['kv']
    this.events.push({ revision, type, kv, prev: this.#live.get(key) })
    if (type === EventType.PUT) this.#live.set(key, kv)
    else this.#live.delete(key)
    const result = { ok: true, response: { header: { revision } } }
    this.log.push({ index: revision, atMs: 100 * revision, result } as Committed)
    return this
  }
}

/** a comes at 2, b at 3, b changes at 4, a renews its lease at 5 and goes at 6. */
const usual = () => new Store().put('a').put('b').put('b', 'x').put('a').delete('a')

const news = (type: GroupNews['type'], id: string, revision: number, synthetic = false) => ({
  type,
  id,
  revision,
  synthetic,
})
const TOLD = [news('join', 'b', 3), news('update', 'b', 4), news('leave', 'a', 6)]
const view = (told: readonly GroupNews[], more: Partial<GroupView> = {}): GroupView => ({
  process: 'p',
  name: 'g',
  first: { revision: 2, ids: ['a'] },
  news: told,
  last: { revision: 6, ids: ['b'] },
  ...more,
})
const moment = (ms: number) => ({ at: ms, ms })
const stay = (more: Partial<GroupStay>): GroupStay => ({
  process: 'p',
  key: 'g/a',
  isAlone: true,
  asked: moment(100),
  present: [],
  left: undefined,
  ...more,
})
const rules = (store: Store, views: GroupView[], stays: GroupStay[] = []) =>
  judgeGroups({ stays, views }, store).map(({ rule }) => rule.split(' ')[1])

describe('the judge of groups', () => {
  test('lets an onlooker pass who heard everything', () => {
    expect(rules(usual(), [view(TOLD)])).toEqual([])
  })

  test('lets one pass whose list sums up what was compacted', () => {
    const told = [news('leave', 'a', 6, true), news('join', 'b', 6, true)]
    expect(rules(usual().compacted(5), [view(told)])).toEqual([])
  })

  test('lets one pass whose list, after a compaction, shows nobody who came and went', () => {
    const store = () => new Store().put('a').others(3).put('c').delete('c')
    const quiet = view([], { last: { revision: 7, ids: ['a'] } })
    expect(rules(store().compacted(4), [quiet])).toEqual([])
    expect(rules(store().compacted(2), [quiet])).toEqual(['P1', 'P1'])
  })

  test('P1: something is not told, told twice, too late, or never was', () => {
    expect(rules(usual(), [view([TOLD[0]!, TOLD[2]!])])).toEqual(['P1'])
    expect(rules(usual(), [view([TOLD[0]!, ...TOLD])])).toEqual(['P1'])
    expect(rules(usual(), [view([TOLD[0]!, TOLD[2]!, TOLD[1]!])])).toContain('P1')
    expect(rules(usual(), [view([...TOLD, news('update', 'b', 6)])])).toEqual(['P1'])
  })

  test('P2: a list is not what the group was, or not what was heard', () => {
    const wrong = { revision: 6, ids: ['a', 'b'] }
    expect(rules(usual(), [view(TOLD, { last: wrong })])).toContain('P2')
    expect(rules(usual(), [view(TOLD.slice(0, 2))])).toContain('P2')
    expect(rules(usual(), [view(TOLD, { first: { revision: 2, ids: [] } })])).toContain('P2')
  })

  test('P3: told to be in it before the key was put, or with a token that never was', () => {
    const present = (ms: number, token: number) => [{ moment: moment(ms), token }]
    expect(rules(usual(), [], [stay({ present: present(250, 2) })])).toEqual([])
    expect(rules(usual(), [], [stay({ present: present(150, 2) })])).toEqual(['P3'])
    expect(rules(usual(), [], [stay({ present: present(450, 3) })])).toEqual(['P3'])
  })

  test('P4: a key stays behind, or comes back and stays, after its member left', () => {
    const left = moment(650)
    expect(rules(usual().others(900), [], [stay({ left })])).toEqual([])
    const back = () => usual().put('a')
    expect(rules(back().others(10).delete('a').others(900), [], [stay({ left })])).toEqual([])
    expect(rules(back().others(900).delete('a'), [], [stay({ left })])).toEqual(['P4'])
    expect(rules(new Store().put('a').others(900), [], [stay({ left })])).toEqual(['P4'])
    const again = stay({ asked: moment(660) })
    expect(rules(back().others(900), [], [stay({ left }), again])).toEqual([])
  })
})
