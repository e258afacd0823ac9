/** Right random histories are acquitted by the judges, and the same with one lie in it are convicted. */

import { describe, expect, test } from '@jest/globals'
import { CompareTarget } from '../../client/wire/generated/rpc.js'
import type { Call } from '../model/call.js'
import type { Model } from '../model/model.js'
import { SeededRandom } from '../model/random.js'
import { compare, del, op, put, range, txn } from '../model/requests.js'
import { isSerializable } from './call-parts.js'
import { lies } from './lies.js'
import { judgeLinearizable } from './linearizability/judge.js'
import { registerCalls } from './linearizability/register-calls.js'
import { registerSpec } from './linearizability/register-spec.js'
import { storeCalls, storeSpec } from './linearizability/store-spec.js'
import type { Violation } from './operation.js'
import { type RandomStoryOptions, randomStory } from './random-story.js'
import { judgeRevisions } from './revision-judge.js'
import type { Story } from './story.js'

const SEEDS = Array.from({ length: 16 }, (_, i) => i + 1)
/** Seeds in whose stories a lie is told. */
const LIES = 10

describe('revision judge', () => {
  test.each(SEEDS)('acquits what is right (seed %i)', (seed) => {
    const { operations, truth } = randomStory(seed, { operations: 250, unknown: 0.1 })
    expect(judgeRevisions(operations, truth)).toEqual([])
  })

  test.each(Object.keys(lies))('convicts: %s', (name) => {
    const judged = judgedLies(name, { operations: 120 }, ({ operations, truth }) =>
      judgeRevisions(operations, truth),
    )
    expect(judged).toBeGreaterThan(LIES / 5)
  })
})

describe('general judge on the whole store', () => {
  const judge = ({ operations }: Story) => judgeLinearizable(storeSpec, storeCalls(operations))

  test.each(SEEDS)('acquits what is right (seed %i)', (seed) => {
    const story = randomStory(seed, { operations: 80, processes: 4, unknown: 0.05 })
    expect(judge(story)).toEqual([])
    expect(storeCalls(story.operations).length).toBeGreaterThan(40)
  })

  // Without the truth nobody can know that a write happened if no later answer shows it.
  const shown = Object.keys(lies).filter((name) => !name.includes('did not happen'))
  test.each(shown)('convicts: %s', (name) => {
    const options = { operations: 50, processes: 4, unknown: 0, staleReads: false }
    expect(judgedLies(name, options, judge)).toBeGreaterThan(LIES / 5)
  })
})

describe('general judge on registers', () => {
  const weights = { txn: 30, compaction: 0, leaseGrant: 0, leaseRevoke: 0 }
  const options = {
    operations: 250,
    weights,
    keys: ['a', 'b', 'c'],
    leases: [0n],
    invalid: 0,
    rewrite,
  }
  const judge = ({ operations }: Story) =>
    judgeLinearizable(registerSpec, registerCalls(operations))

  test.each(SEEDS)('acquits what is right (seed %i)', (seed) => {
    const story = randomStory(seed, options)
    expect(judge(story)).toEqual([])
    expect(registerCalls(story.operations).length).toBeGreaterThan(150)
  })

  test('convicts another value', () => {
    expect(judgedLies('another value', options, judge)).toBeGreaterThan(LIES / 5)
  })
})

/** The call as one on a register: of one key, the present, and for a transaction a swap. */
function rewrite(call: Call, random: SeededRandom, model: Model): Call {
  const key = random.pick(['a', 'b', 'c'])
  if (call.kind === 'range') return { kind: 'range', request: range(key) }
  if (call.kind === 'deleteRange') return { kind: 'deleteRange', request: del(key) }
  if (call.kind !== 'txn') return { kind: 'put', request: put(key, 'x') }
  const kv = model.state.get(key)
  const guard =
    kv !== undefined && random.chance(0.5)
      ? compare(key, { target: CompareTarget.VALUE, value: kv.value })
      : compare(key, { target: CompareTarget.MOD, modRevision: kv?.modRevision ?? 0 })
  return { kind: 'txn', request: txn([guard], [op.put(key, 'x')], [op.range(key)]) }
}

/**
 * Lets a lie be told in the story of each seed, where one operation lends itself to it, and
 * judges each. Returns how many there were; throws if one is believed.
 */
function judgedLies(
  name: string,
  options: RandomStoryOptions,
  judge: (story: Story) => readonly Violation[],
): number {
  let lied = 0
  for (const seed of SEEDS.slice(0, LIES)) {
    const story = randomStory(seed, options)
    const random = new SeededRandom(seed)
    for (let tries = 0; tries < 400; tries++) {
      const operation = random.pick(story.operations)
      if (options.staleReads === false && isSerializable(operation.call)) continue
      if (!lies[name]!(operation, story)) continue
      if (judge(story).length === 0) throw new Error(`seed ${seed}: operation ${operation.id}`)
      lied++
      break
    }
  }
  return lied
}
