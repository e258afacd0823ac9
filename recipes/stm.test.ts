/** Transactional memory: what a body sees, what is written, what it costs, and how it fails. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type Client, ConclaveError, json, op, text } from '../client/index.js'
import { RecipeWorld, type Worker } from '../test/sim/recipe-world.js'
import { ConflictError, Session, type StmOptions, stm, type Transaction } from './index.js'

let world: RecipeWorld
let worker: Worker
let client: Client

beforeEach(async () => {
  world = await RecipeWorld.start()
  worker = world.worker('a')
  client = worker.client
})
afterEach(() => world.stop())

const run = <T>(body: (tx: Transaction) => T | Promise<T>, options?: StmOptions) =>
  world.settle(stm(client, body, options))
const failure = (body: (tx: Transaction) => unknown, options?: StmOptions) =>
  world.failure(stm(client, body, options))
const put = (key: string, value: unknown) => world.settle(client.kv.put(key, JSON.stringify(value)))
const value = async (key: string) => (await world.settle(client.kv.get(key)))?.json()
const calls = (method: string) => worker.calls.get(method) ?? 0
/** Keys without the marks. */
const keys = async () => (await world.keys()).filter((key) => !key.startsWith('stm-marks/'))

describe('a transaction', () => {
  test('writes everything at one revision, and returns what its body returned', async () => {
    await put('a', 7)
    const sum = await run(async (tx) => {
      const a = (await tx.get<number>('a')) ?? 0
      tx.put('a', a - 2)
      tx.put('b', 2)
      tx.delete('c')
      return a
    })
    expect(sum).toBe(7)
    const [a, b] = (await world.settle(client.kv.getAll({ from: 'a', to: 'c' }))).kvs
    expect([a!.json(), b!.json()]).toEqual([5, 2])
    expect(a!.modRevision).toBe(b!.modRevision)
  })

  test('reads what it wrote, one by one and in ranges, in the order of keys', async () => {
    await put('k/b', 1)
    await put('k/d', 2)
    const seen = await run(async (tx) => {
      tx.put('k/c', 3)
      tx.put('k/a', 4)
      tx.delete('k/d')
      tx.put('l', 5)
      expect(await tx.get('k/c')).toBe(3)
      expect(await tx.get('k/d')).toBeUndefined()
      return tx.getAll('k/')
    })
    expect(seen.map(({ keyString, value }) => [keyString, value])).toEqual([
      ['k/a', 4],
      ['k/b', 1],
      ['k/c', 3],
    ])
  })

  test('knows the revision of what it read', async () => {
    const { revision } = await put('a', 1)
    await run(async (tx) => {
      tx.put('a', 2)
      expect(await tx.rev('a')).toBe(revision)
      expect(await tx.rev('none')).toBe(0)
    })
  })

  test('takes values of any codec, and leases', async () => {
    const session = await world.settle(Session.create(client))
    await run(async (tx) => {
      const names = tx.withCodec(text)
      names.put('name', 'Ada', { lease: session.id })
      expect(await names.get('name')).toBe('Ada')
    })
    const kv = await world.settle(client.kv.get('name'))
    expect([kv!.text(), kv!.lease]).toEqual(['Ada', session.id])
    const error = await failure((tx) => tx.withCodec(json<number>()).get('name'))
    expect(error.code).toBe('invalid-value')
    await world.settle(session.close())
  })

  test('sees one moment, whatever others write meanwhile', async () => {
    await put('a', 1)
    await put('b', 1)
    let others = 0
    const seen = await run(async (tx) => {
      const a = await tx.get('a')
      if (others++ === 0) await client.txn().then(op.put('a', '2'), op.put('b', '2')).commit()
      return [a, await tx.get('b'), await tx.getAll({ from: 'a', to: 'c' })]
    })
    expect(seen).toMatchObject([1, 1, [{ value: 1 }, { value: 1 }]])
  })

  test('begins again when what it reads is compacted meanwhile', async () => {
    await put('a', 1)
    await put('b', 1)
    let attempts = 0
    const sum = await run(async (tx) => {
      const a = await tx.get<number>('a')
      if (attempts++ === 0) {
        const { revision } = await client.kv.put('b', '2')
        await client.kv.compact(revision)
      }
      return a! + (await tx.get<number>('b'))!
    })
    expect([sum, attempts]).toEqual([3, 2])
  })

  test('works in a namespace', async () => {
    const inside = client.namespace('ns/')
    await world.settle(stm(inside, (tx) => tx.put('a', 1)))
    await world.settle(stm(inside, async (tx) => tx.put('b', (await tx.getAll('')).length)))
    expect(await value('ns/b')).toBeGreaterThanOrEqual(1)
  })

  test('inside another is one of its own', async () => {
    await run(async (tx) => {
      tx.put('outer', 1)
      await stm(client, (inner) => inner.put('inner', 1))
      expect(await tx.get('inner')).toBe(1)
    })
    expect(await keys()).toEqual(['inner', 'outer'])
  })
})

describe('a conflict', () => {
  test('runs the body again on what is there now', async () => {
    await put('a', 1)
    let attempts = 0
    await run(async (tx) => {
      const a = await tx.get<number>('a')
      if (attempts++ === 0) await client.kv.put('a', '10')
      tx.put('a', a! + 1)
    })
    expect([await value('a'), attempts]).toEqual([11, 2])
  })

  test('is none when keys of different age are read and written', async () => {
    await put('old', 100)
    for (let i = 0; i < 5; i++) await put('between', i)
    await put('young', 0)
    const conflicts: number[] = []
    await run(
      async (tx) => {
        const [old, young] = await Promise.all([tx.get<number>('old'), tx.get<number>('young')])
        tx.put('old', old! - 1)
        tx.put('young', young! + 1)
      },
      { onConflict: (attempt) => conflicts.push(attempt) },
    )
    expect(conflicts).toEqual([])
    expect([await value('old'), await value('young')]).toEqual([99, 1])
  })

  test('fails after so many attempts, tells their number, and writes nothing', async () => {
    await put('a', 0)
    let attempts = 0
    const error = await failure(
      async (tx) => {
        await tx.get('a')
        await client.kv.put('a', String(++attempts))
        tx.put('b', 1)
      },
      { attemptsMax: 5 },
    )
    expect(error).toBeInstanceOf(ConflictError)
    expect(error).toBeInstanceOf(ConclaveError)
    expect(error).toMatchObject({ code: 'conflict', attempts: 5 })
    expect(attempts).toBe(5)
    expect(await keys()).toEqual(['a'])
  })
})

describe('round trips', () => {
  test('reads of one turn are one, and the commit is one', async () => {
    await run((tx) => tx.put('warm', 1))
    const before = calls('Txn')
    await run(async (tx) => {
      await Promise.all(['a', 'b', 'c'].map((key) => tx.get(key)))
      await tx.get('a')
      tx.put('a', 1)
    })
    expect(calls('Txn') - before).toBe(2)
    expect(calls('LeaseGrant')).toBe(1)
  })

  test('after the first conflict nothing is read again', async () => {
    await run((tx) => tx.put('a', 1))
    const before = calls('Txn')
    let attempts = 0
    await run(async (tx) => {
      const a = await tx.get<number>('a')
      if (attempts++ === 0) await client.kv.put('a', '5')
      tx.put('a', a! + 1)
    })
    expect(calls('Txn') - before).toBe(3)
    expect(await value('a')).toBe(6)
  })

  test('a body that only reads commits nothing, one that does nothing asks nothing', async () => {
    await run(() => {})
    await run((tx) => tx.getAll('k/'))
    expect(calls('Txn')).toBe(1)
    await run(() => {}, { isolation: 'repeatable-reads' })
    await run((tx) => tx.get('a'), { isolation: 'repeatable-reads' })
    expect(calls('Txn')).toBe(2)
    const readTwice = async (tx: Transaction) => [await tx.get('a'), await tx.get('b')]
    await run(readTwice, { isolation: 'repeatable-reads' })
    expect(calls('Txn')).toBe(5)
    expect(await world.keys()).toEqual([])
  })

  test('marks are as many as commits are under way', async () => {
    await world.settle(Promise.all([1, 2, 3].map((i) => stm(client, (tx) => tx.put(`k${i}`, i)))))
    for (let i = 0; i < 5; i++) await run((tx) => tx.put('k', i))
    expect((await world.keys()).filter((key) => key.startsWith('stm-marks/'))).toHaveLength(3)
  })

  test('marks vanish some time after their last use', async () => {
    await run((tx) => tx.put('a', 1))
    await world.run(70_000)
    expect(await world.keys()).toEqual(['a'])
  })
})

describe('misuse and trouble', () => {
  test('a body that throws has written nothing, and its error is told', async () => {
    const oops = new Error('oops')
    const error = await failure(async (tx) => {
      tx.put('a', 1)
      await tx.get('b')
      throw oops
    })
    expect(error).toBe(oops)
    expect(await world.keys()).toEqual([])
  })

  test('a transaction that has ended is refused', async () => {
    let kept: Transaction | undefined
    await run((tx) => {
      kept = tx
    })
    expect(() => kept!.put('a', 1)).toThrow(/has ended/)
    expect(() => kept!.delete('a')).toThrow(/has ended/)
    expect((await world.failure(kept!.get('a'))).code).toBe('failed-precondition')
    expect((await world.failure(kept!.getAll('a'))).code).toBe('failed-precondition')
  })

  test('too much for a server is refused where it becomes too much', async () => {
    let written = 0
    const error = await failure((tx) => {
      for (; written < 200; written++) tx.put(`k${written}`, 1)
    })
    expect(error).toMatchObject({ code: 'too-many-operations' })
    expect(error.message).toMatch(/127|128/)
    expect(written).toBe(127)
    await run((tx) => {
      for (let i = 0; i < 127; i++) tx.put(`k/${i}`, i)
    })
    expect((await failure((tx) => tx.getAll('k/'))).code).toBe('too-many-operations')
    const most = await run((tx) => tx.getAll({ from: 'k/1', to: 'k/2' }))
    expect(most).toHaveLength(38)
  })

  test('what was never a transaction is refused at once', async () => {
    expect((await failure(() => {}, { isolation: 'snapshot' as never })).code).toBe(
      'invalid-argument',
    )
    expect((await failure(() => {}, { attemptsMax: 0 })).code).toBe('invalid-argument')
    expect((await failure(() => {}, { opsMax: 0 })).code).toBe('invalid-argument')
    expect((await failure(() => {}, { timeoutMs: 0 })).code).toBe('invalid-argument')
    expect((await failure(() => {}, { markPrefix: '' })).code).toBe('invalid-argument')
    expect((await failure((tx) => tx.get(''))).code).toBe('invalid-argument')
    expect((await failure((tx) => tx.put('', 1))).code).toBe('invalid-argument')
    expect((await failure((tx) => tx.put('a', undefined))).code).toBe('invalid-argument')
  })

  test('a body that never ends is given up in time, and told', async () => {
    let told: AbortSignal | undefined
    const stuck = (tx: Transaction) => {
      told = tx.signal
      tx.put('a', 1)
      return new Promise<void>(() => {})
    }
    expect((await failure(stuck, { timeoutMs: 1_000 })).code).toBe('deadline-exceeded')
    expect(told!.aborted).toBe(true)
    const controller = new AbortController()
    const given = stm(client, stuck, { signal: controller.signal })
    controller.abort('enough')
    expect(await world.failure(given)).toMatchObject({ code: 'cancelled', cause: 'enough' })
    expect(await world.keys()).toEqual([])
  })

  test('a lease that does not exist is told, and nothing is written', async () => {
    const error = await failure((tx) => {
      tx.put('a', 1)
      tx.put('b', 1, { lease: 4711n })
    })
    expect(error.code).toBe('lease-not-found')
    expect(await keys()).toEqual([])
  })

  test('marks that an operator revokes cost one more attempt, and no conflict', async () => {
    await run((tx) => tx.put('a', 1))
    const [mark] = (await world.settle(client.kv.getAll('stm-marks/'))).kvs
    await world.settle(client.lease.revoke(mark!.lease))
    const conflicts: number[] = []
    await run((tx) => tx.put('a', 2), { onConflict: (attempt) => conflicts.push(attempt) })
    expect([await value('a'), conflicts]).toEqual([2, []])
  })
})

describe('an answer that is lost', () => {
  const addOne = async (tx: Transaction) => {
    const a = (await tx.get<number>('a')) ?? 0
    tx.put('a', a + 1)
    return a + 1
  }
  beforeEach(async () => {
    await run(addOne)
  })
  /** The next commit meets this fate, and not the read before it. */
  const doomed = (fate: 'answerLost' | 'arrivesLate' | 'held') => {
    let go: Promise<() => Promise<void>> | undefined
    const result = stm(client, async (tx) => {
      const next = await addOne(tx)
      go ??= worker.doom('Txn', fate)
      return next
    })
    return { result, sent: async () => (await go)!() }
  }

  test('of a commit that was done: is done once', async () => {
    expect(await world.settle(doomed('answerLost').result)).toBe(2)
    expect(await value('a')).toBe(2)
  })

  test('of a commit that arrives late: is done once, though it would still fit', async () => {
    const { result, sent } = doomed('arrivesLate')
    expect(await world.settle(result)).toBe(2)
    // As it was before, to the letter of the condition on it: only the mark tells.
    await world.settle(sent())
    expect(await value('a')).toBe(2)
  })

  test('of a blind write that arrives late: never undoes what came after', async () => {
    const sent = worker.doom('Txn', 'arrivesLate')
    await run((tx) => tx.put('blind', 'mine'), { isolation: 'serializable' })
    await put('blind', 'of another')
    await world.settle((await sent)())
    expect(await value('blind')).toBe('of another')
  })

  test('and nobody answers until the wait is over: says that it does not know', async () => {
    const waiting = stm(
      client,
      async (tx) => {
        await addOne(tx)
        void worker.doom('Txn', 'held')
      },
      { timeoutMs: 2_000 },
    )
    const error = await world.failure(waiting)
    expect(error).toMatchObject({ code: 'outcome-unknown', outcomeUnknown: true })
  })

  test('and the client is closed before it can ask: says that it does not know', async () => {
    const closing = stm(client, async (tx) => {
      await addOne(tx)
      void worker.doom('Txn', 'arrivesLate').then(() => client.close())
    })
    const error = await world.failure(closing)
    expect(error).toMatchObject({ code: 'outcome-unknown', outcomeUnknown: true })
  })

  test('without marks: says that it does not know', async () => {
    void worker.doom('Txn', 'answerLost')
    const error = await failure((tx) => tx.put('b', 1), { markPrefix: false })
    expect(error).toMatchObject({ code: 'outcome-unknown', outcomeUnknown: true })
    expect((await world.keys()).filter((key) => key.startsWith('stm-marks/'))).toHaveLength(1)
  })

  test('and so is the answer to what became of it: is done once', async () => {
    let isDoomed = false
    const result = await run(async (tx) => {
      const next = await addOne(tx)
      if (!isDoomed)
        for (const fate of ['arrivesLate', 'answerLost'] as const) void worker.doom('Txn', fate)
      isDoomed = true
      return next
    })
    expect([result, await value('a')]).toEqual([2, 2])
  })
})
