/** Each isolation level: an anomaly that it lets happen, and one that it does not. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type Client, op } from '../client/index.js'
import { RecipeWorld } from '../test/sim/recipe-world.js'
import { type Isolation, stm, type Transaction } from './index.js'

const ALL: readonly Isolation[] = [
  'serializable-snapshot',
  'serializable',
  'repeatable-reads',
  'read-committed',
]

let world: RecipeWorld
let client: Client
let other: Client

beforeEach(async () => {
  world = await RecipeWorld.start()
  client = world.worker('a').client
  other = world.worker('b').client
  await world.settle(client.txn().then(op.put('a', '1'), op.put('b', '1')).commit())
})
afterEach(() => world.stop())

/** How many attempts it took. */
async function attempts(
  isolation: Isolation,
  body: (tx: Transaction, attempt: number) => Promise<void>,
): Promise<number> {
  let attempt = 0
  await world.settle(stm(client, (tx) => body(tx, ++attempt), { isolation }))
  return attempt
}
const number = async (key: string) => Number((await world.settle(client.kv.get(key)))?.text())

/** Whether each level lets it happen, in the order of {@link ALL}. */
const table = (
  name: string,
  allowed: readonly boolean[],
  happens: (level: Isolation) => Promise<boolean>,
) =>
  describe(name, () => {
    for (const [i, isolation] of ALL.entries())
      test(`${allowed[i] ? 'can happen' : 'does not happen'} at ${isolation}`, async () => {
        expect(await happens(isolation)).toBe(allowed[i])
      })
  })

table('half of what another wrote', [false, false, false, false], async (isolation) => {
  let seen: (number | undefined)[] = []
  await world.settle(
    stm(
      client,
      async (tx) => {
        seen = await Promise.all([tx.get<number>('a'), tx.get<number>('b')])
        await stm(other, (their) => {
          their.put('a', seen[0]! + 1)
          their.put('b', seen[1]! + 1)
        })
      },
      { isolation, attemptsMax: 3 },
    ),
  )
  return seen[0] !== seen[1]
})

table('a lost update', [false, false, false, true], async (isolation) => {
  await attempts(isolation, async (tx, attempt) => {
    const a = await tx.get<number>('a')
    if (attempt === 1) await other.kv.put('a', '100')
    tx.put('a', a! + 1)
  })
  return (await number('a')) !== 101
})

table('a read that differs when repeated', [false, false, false, true], async (isolation) => {
  const seen: unknown[] = []
  await attempts(isolation, async (tx, attempt) => {
    seen.push(await tx.get('a'))
    if (attempt === 1) await other.kv.put('a', '2')
    seen.push(await tx.get('a'))
  })
  return seen[0] !== seen[1]
})

table('a body that sees two moments', [false, false, true, true], async (isolation) => {
  const sums: number[] = []
  await attempts(isolation, async (tx, attempt) => {
    const a = await tx.get<number>('a')
    if (attempt === 1) await other.txn().then(op.put('a', '0'), op.put('b', '2')).commit()
    sums.push(a! + (await tx.get<number>('b'))!)
    tx.put('c', 1)
  })
  return sums.some((sum) => sum !== 2)
})

/** Two doctors on call; each goes off if the other stays. */
table('write skew', [false, false, false, true], async (isolation) => {
  const leave = (mine: string) => async (tx: Transaction) => {
    const on = (await tx.get<number>('a'))! + (await tx.get<number>('b'))!
    if (on > 1) tx.put(mine, 0)
  }
  await attempts(isolation, async (tx, attempt) => {
    const on = (await tx.get<number>('a'))! + (await tx.get<number>('b'))!
    if (attempt === 1) await stm(other, leave('b'), { isolation })
    if (on > 1) tx.put('a', 0)
  })
  return (await number('a')) + (await number('b')) === 0
})

table('a phantom', [false, false, true, true], async (isolation) => {
  let written = 0
  await attempts(isolation, async (tx, attempt) => {
    const orders = await tx.getAll('orders/')
    if (attempt === 1) await other.kv.put('orders/1', '1')
    written = orders.length
    tx.put('total', orders.length)
  })
  expect(await number('total')).toBe(written)
  return written !== 1
})

table('a key of a range that vanishes unseen', [false, false, false, true], async (isolation) => {
  await attempts(isolation, async (tx, attempt) => {
    const keys = await tx.getAll({ from: 'a', to: 'c' })
    if (attempt === 1) await other.kv.delete('b')
    tx.put('total', keys.length)
  })
  return (await number('total')) !== 1
})

table('overwriting unread what came meanwhile', [false, true, true, true], async (isolation) => {
  const count = await attempts(isolation, async (tx, attempt) => {
    await tx.get('a')
    if (attempt === 1) await other.kv.put('b', '100')
    tx.put('b', 5)
  })
  return count === 1
})
