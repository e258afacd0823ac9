/** The general judge: orders that exist are found, and where there is none it says why. */

import { describe, expect, test } from '@jest/globals'
import { SeededRandom } from '../../model/random.js'
import { counterSpec } from './counter-spec.js'
import { judgeLinearizable, type SearchLimits } from './judge.js'
import { fencedSpec, mutexSpec } from './mutex-spec.js'
import { queueSpec } from './queue-spec.js'
import {
  type Register,
  type RegisterInput,
  type RegisterOutput,
  registerSpec,
} from './register-spec.js'
import type { SequentialSpec, TimedCall } from './spec.js'

/** A call with the time from its beginning to its end; no output: nobody heard of it. */
type Line<Input, Output> = readonly [number, number, Input, Output?]

function calls<Input, Output>(lines: readonly Line<Input, Output>[]): TimedCall<Input, Output>[] {
  return lines.map(([began, ended, input, output], id) => ({ id, input, output, began, ended }))
}

function messages<State, Input, Output>(
  spec: SequentialSpec<State, Input, Output>,
  lines: readonly Line<Input, Output>[],
  limits?: SearchLimits,
): string[] {
  return judgeLinearizable(spec, calls(lines), limits).map(({ message }) => message)
}

const put = (value: string | undefined, key = 'k') => ({ kind: 'write', key, value }) as const
const swap = (from: string, value: string) => {
  return { kind: 'swap', key: 'k', from: { value: from }, value } as const
}
const get = { kind: 'read', key: 'k' } as const
const DONE = { written: true }
const saw = (value: string | undefined, revision?: number) => ({ seen: { value, revision } })

type RegisterLine = Line<RegisterInput, RegisterOutput>

/** Histories of one register that are linearizable. */
const RIGHT: Readonly<Record<string, readonly RegisterLine[]>> = {
  nothing: [],
  // The two of Porcupine's README, and its negation below.
  'a write that two reads overlap, one before and one after it': [
    [0, 100, put('100'), DONE],
    [25, 75, get, saw('100')],
    [30, 60, get, saw(undefined)],
  ],
  'a write that nobody heard of, seen late': [
    [0, 10, put('1'), DONE],
    [20, 30, put('2')],
    [40, 50, get, saw('1')],
    [60, 70, get, saw('2')],
  ],
  'a write that nobody heard of, never seen': [
    [0, 10, put('2')],
    [20, 30, get, saw(undefined)],
  ],
  'swaps of which one wins': [
    [0, 10, put('1'), DONE],
    [20, 40, swap('1', '2'), { written: false }],
    [20, 40, swap('1', '3'), { written: true }],
    [50, 60, get, saw('3')],
  ],
  'a deletion of nothing, and one of something': [
    [0, 10, put(undefined), { written: false }],
    [20, 30, put('1'), DONE],
    [40, 50, put(undefined), { written: true }],
    [60, 70, get, saw(undefined)],
  ],
  'keys apart from each other': [
    [0, 10, put('1', 'a'), DONE],
    [20, 30, { ...get, key: 'b' }, saw(undefined)],
  ],
  'a swap by the revision of a write that nobody heard of': [
    [0, 10, put('1')],
    [20, 30, get, saw('1', 7)],
    [40, 50, { kind: 'swap', key: 'k', from: { revision: 7 }, value: '2' }, { written: true }],
  ],
}

/** Histories of one register that are not. */
const WRONG: Readonly<Record<string, readonly RegisterLine[]>> = {
  'a value that was seen disappears': [
    [0, 100, put('200'), DONE],
    [10, 30, get, saw('200')],
    [40, 90, get, saw(undefined)],
  ],
  'a stale read': [
    [0, 10, put('1'), DONE],
    [20, 30, put('2'), DONE],
    [40, 50, get, saw('1')],
  ],
  'a read from the future': [
    [0, 10, get, saw('1')],
    [20, 30, put('1'), DONE],
  ],
  'a value that nobody wrote': [[0, 10, get, saw('9')]],
  'a lost update: two swaps from the same value': [
    [0, 10, put('1'), DONE],
    [20, 40, swap('1', '2'), { written: true }],
    [20, 40, swap('1', '3'), { written: true }],
  ],
  'a write that nobody heard of happens twice': [
    [0, 10, put('1')],
    [20, 30, get, saw('1')],
    [40, 50, put('2'), DONE],
    [60, 70, get, saw('1')],
  ],
  'a failed swap though nobody was in the way': [
    [0, 10, put('1'), DONE],
    [20, 30, swap('1', '2'), { written: false }],
  ],
  'a deletion that found nothing where there was something': [
    [0, 10, put('1'), DONE],
    [20, 30, put(undefined), { written: false }],
  ],
  'one value at two revisions': [
    [0, 10, put('1'), { written: true, revision: 5 }],
    [20, 30, get, saw('1', 6)],
  ],
}

describe('registers', () => {
  test.each(Object.entries(RIGHT))('acquits: %s', (_, lines) => {
    expect(messages(registerSpec, lines)).toEqual([])
  })

  test.each(Object.entries(WRONG))('convicts: %s', (_, lines) => {
    expect(messages(registerSpec, lines)).toHaveLength(1)
  })

  test('each key is judged by itself', () => {
    const lines = ['a', 'b', 'c'].flatMap((key): RegisterLine[] => [
      [0, 10, put('1', key), DONE],
      [20, 30, { ...get, key }, saw(key === 'b' ? '2' : '1')],
    ])
    const [message, ...others] = messages(registerSpec, lines)
    expect(others).toEqual([])
    expect(message).toContain('b: no order explains #3')
  })
})

describe('every order tried by hand', () => {
  /** Whether some order of the calls, true to time, leads on from this state. */
  function someOrder(
    state: Register,
    left: readonly TimedCall<RegisterInput, RegisterOutput>[],
  ): boolean {
    if (left.every(({ output }) => output === undefined)) return true
    const firstEnd = Math.min(...left.map((each) => (each.output ? each.ended : Infinity)))
    return left.some(({ id, began, input, output }) => {
      if (began > firstEnd) return false
      const rest = left.filter((each) => each.id !== id)
      return registerSpec.step(state, input, output).some((next) => someOrder(next, rest))
    })
  }

  test('agrees with the judge on 3000 small random histories', () => {
    const random = new SeededRandom(11)
    const verdicts = { right: 0, wrong: 0 }
    const value = () => random.pick(['1', '2', undefined])
    for (let i = 0; i < 3000; i++) {
      const lines = Array.from({ length: random.between(2, 7) }, (): RegisterLine => {
        const began = random.between(0, 30)
        const ended = began + random.between(1, 25)
        const written = random.chance(0.5)
        const kind = random.pick(['read', 'write', 'swap'])
        if (kind === 'read') return [began, ended, get, saw(value())]
        const input =
          kind === 'write' ? put(value()) : swap(random.pick(['1', '2']), random.pick(['1', '2']))
        if (random.chance(0.45)) return [began, ended, input]
        return [began, ended, input, input.kind === 'write' && input.value ? DONE : { written }]
      })
      const right = someOrder(registerSpec.init(), calls(lines))
      verdicts[right ? 'right' : 'wrong']++
      if (right !== (messages(registerSpec, lines).length === 0)) expect(lines).toEqual([right])
    }
    expect(Math.min(verdicts.right, verdicts.wrong)).toBeGreaterThan(500)
  })
})

describe('what is told of a history without an order', () => {
  test('the answer up to whose end there was one, that order, and what is beside it', () => {
    const [message] = messages(registerSpec, [
      [0, 10, put('1'), DONE],
      [20, 30, put('2'), DONE],
      [25, 60, put('3')],
      [40, 50, get, saw('1')],
      [70, 80, get, saw('9')],
    ])
    const [culprit, order, beside] = message!.split('\n').map((line) => line.trim())
    expect(culprit).toContain('#3 {kind:"read", key:"k"} -> {seen:{value:"1"}}')
    expect(order).toMatch(/: #0 .*; #1 .*/)
    expect(beside).toContain('#2 {kind:"write", key:"k", value:"3"} -> unknown')
    expect(message).not.toContain('#4')
  })

  test('giving up is told, and is no acquittal', () => {
    const lines = Array.from(
      { length: 9 },
      (_, i): RegisterLine => [i, 100 + i, put(String(i)), DONE],
    )
    lines.push([200, 210, get, saw('none of them')])
    const [violation] = judgeLinearizable(registerSpec, calls(lines), { stepsMax: 1000 })
    expect(violation).toMatchObject({ undecided: true })
    expect(judgeLinearizable(registerSpec, calls(lines))[0]?.undecided).toBeUndefined()
  })
})

describe('other objects', () => {
  test('mutex: one owner at a time, and tokens that increase', () => {
    const acquire = (owner: string) => ({ kind: 'acquire', owner }) as const
    const release = (owner: string) => ({ kind: 'release', owner }) as const
    const right = [
      [0, 10, acquire('a'), { token: 3 }],
      [5, 40, acquire('b'), { token: 5 }],
      [20, 30, release('a'), {}],
    ] as const
    expect(messages(mutexSpec, right)).toEqual([])
    expect(messages(mutexSpec, right.slice(0, 2))).toHaveLength(1)
    const older = [...right.slice(0, 1), [5, 40, acquire('b'), { token: 2 }], right[2]] as const
    expect(messages(mutexSpec, older)).toHaveLength(1)
    const lost = [
      [0, 10, acquire('a')],
      [20, 30, acquire('b'), { token: 1 }],
    ] as const
    expect(messages(mutexSpec, lost)).toEqual([])
    expect(messages(mutexSpec, [...lost, [40, 50, release('a'), {}]])).toHaveLength(1)
  })

  test('fenced resource: no older token is taken after a newer one', () => {
    const right = [
      [0, 10, { token: 2, value: 'x' }, { accepted: true }],
      [20, 30, { token: 1, value: 'y' }, { accepted: false }],
      [40, 50, {}, { value: 'x' }],
    ] as const
    expect(messages(fencedSpec, right)).toEqual([])
    const taken = [right[0], [20, 30, { token: 1, value: 'y' }, { accepted: true }]] as const
    expect(messages(fencedSpec, taken)).toHaveLength(1)
  })

  test('queue: every item once, in order', () => {
    const push = (item: string) => ({ kind: 'push', item }) as const
    const pop = { kind: 'pop' } as const
    const pushes = [
      [0, 10, push('a'), {}],
      [20, 30, push('b'), {}],
    ] as const
    expect(
      messages(queueSpec, [...pushes, [40, 50, pop, { item: 'a' }], [45, 60, pop, { item: 'b' }]]),
    ).toEqual([])
    expect(messages(queueSpec, [...pushes, [40, 50, pop, { item: 'b' }]])).toHaveLength(1)
    expect(
      messages(queueSpec, [...pushes, [40, 50, pop, { item: 'a' }], [60, 70, pop, { item: 'a' }]]),
    ).toHaveLength(1)
    expect(messages(queueSpec, [...pushes, [40, 50, pop], [60, 70, pop, { item: 'b' }]])).toEqual(
      [],
    )
  })

  test('counter: no addition is lost', () => {
    const right = [
      [0, 10, { add: 1 }, { value: 1 }],
      [20, 40, { add: 2 }, { value: 6 }],
      [20, 40, { add: 3 }, { value: 4 }],
    ] as const
    expect(messages(counterSpec, right)).toEqual([])
    expect(messages(counterSpec, [...right, [50, 60, { add: 0 }, { value: 4 }]])).toHaveLength(1)
  })

  test('an outcome that is not determined is carried along until it is seen', () => {
    const coin: SequentialSpec<string, 'toss' | 'look', string> = {
      init: () => 'none',
      step: (state, input, output) => {
        if (input === 'toss') return ['heads', 'tails']
        return output === undefined || output === state ? [state] : []
      },
      equals: (a, b) => a === b,
      hash: (state) => state.length,
    }
    const toss = [0, 10, 'toss', 'done'] as const
    expect(messages(coin, [toss, [20, 30, 'look', 'tails']])).toEqual([])
    const both = [toss, [20, 30, 'look', 'tails'], [40, 50, 'look', 'heads']] as const
    expect(messages(coin, both)).toHaveLength(1)
  })
})
