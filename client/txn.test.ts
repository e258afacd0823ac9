/** Transactions: what each operation brings, as the compiler and as the user see it. */

import { describe, expect, test } from '@jest/globals'
import { oneMember } from '../test/client/one-member.js'
import { type Client, compare, op, type Txn } from './index.js'
import type { GetOpResult, OpResult, PutOpResult, TxnResult } from './op-result.js'

let client: Client

oneMember((made) => {
  client = made
})

/** True when both types are the very same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

describe('the result of a transaction', () => {
  test('has a result for each operation of the branch that was taken, of its own type', async () => {
    const guarded = () =>
      client
        .txn()
        .if(compare('typed/a').missing())
        .then(op.put('typed/a', '1'), op.get({ prefix: 'typed/' }))
        .else(op.delete('typed/a', { prevKv: true }))
        .commit()
    const first = await guarded()
    if (!first.succeeded) throw new Error('there was no such key')
    const [put, get] = first.responses
    expect(put.revision).toBe(first.revision)
    expect(get.kvs[0]?.text()).toBe('1')
    const second = await guarded()
    if (second.succeeded) throw new Error('there was such a key')
    expect(second.responses[0].prev[0]?.text()).toBe('1')
    expect(second.responses.length).toBe(1)
  })

  test('of one in another has the results of both', async () => {
    const inner = client.txn().if(compare('nested/a').missing()).then(op.put('nested/a', 'i'))
    const result = await client
      .txn()
      .then(
        op.txn(inner),
        op.txn({
          compare: [compare('nested/none').exists()],
          success: [op.delete('nested/none')],
          failure: [op.get('nested/a'), op.put('nested/b', '2')],
        }),
      )
      .commit()
    if (!result.succeeded) throw new Error('nothing was asked')
    const [one, two] = result.responses
    expect(one.succeeded && one.responses[0].type).toBe('put')
    if (two.succeeded) throw new Error('there was no such key')
    const [read, put] = two.responses
    expect(read.kvs[0]?.text()).toBe('i')
    expect(put.type).toBe('put')
  })

  test('of one that was built in a loop is told apart by the types of its results', async () => {
    let growing: Txn = client.txn()
    for (const key of ['loop/a', 'loop/b']) growing = growing.then(op.put(key, key), op.get(key))
    const { responses } = await growing.commit()
    expect(responses.map(({ type }) => type)).toEqual(['put', 'get', 'put', 'get'])
    const [, second] = responses
    expect(second?.type === 'get' && second.kvs[0]?.text()).toBe('loop/a')
  })

  test('every target compares with a range, too', async () => {
    const lease = await client.lease.grant(60)
    const { revision } = await client
      .txn()
      .then(
        op.put('range/a', 'v', { lease: lease.id }),
        op.put('range/b', 'v', { lease: lease.id }),
      )
      .commit()
    const all = compare({ prefix: 'range/' })
    const holds = async (...compares: Parameters<Txn['if']>) =>
      (
        await client
          .txn()
          .if(...compares)
          .commit()
      ).succeeded
    expect(
      await holds(
        all.version('=', 1),
        all.createRevision('=', revision),
        all.modRevision('=', revision),
        all.value('=', 'v'),
        all.lease('=', lease.id),
      ),
    ).toBe(true)
    await client.kv.put('range/b', 'w')
    expect(await holds(all.version('=', 1))).toBe(false)
    expect(await holds(all.modRevision('=', revision))).toBe(false)
    expect(await holds(all.value('=', 'v'))).toBe(false)
    expect(await holds(all.lease('=', lease.id))).toBe(false)
  })
})

describe('what is no transaction is refused at the door', () => {
  const code = expect.objectContaining({ code: 'invalid-argument' })

  test('a condition or an operation that is something else', () => {
    expect(() => client.txn().if('a' as never)).toThrow(code)
    expect(() => client.txn().then({ put: 'a' } as never)).toThrow(code)
    expect(() => client.txn().else(undefined as never)).toThrow(code)
    expect(() => op.txn({ success: [{} as never] })).toThrow(code)
    expect(() => op.txn({ failure: ['a'] as never })).toThrow(code)
    expect(() => op.txn(null as never)).toThrow(code)
    expect(() => op.txn({} as never)).toThrow(code)
    expect(() => op.txn([op.get('a')] as never)).toThrow(code)
    // In the words of the builder: it would be sent empty, and succeed.
    expect(() => op.txn({ else: [op.put('a', '1')] } as never)).toThrow(/op\.txn\.else/)
    expect(() => op.txn({ success: op.get('a') as never })).toThrow(code)
    expect(() => op.txn({ compare: [{}] as never })).toThrow(code)
  })

  test('a transaction that is awaited itself', async () => {
    const txn = client.txn().then(op.get('a'))
    await expect((async () => await (txn as unknown))()).rejects.toThrow(/await its commit/)
  })

  test('what is wrong in an operation, before anything is sent', () => {
    expect(() => op.get('')).toThrow(code)
    expect(() => op.put('a', 7 as never)).toThrow(code)
    expect(() => op.get('a', { limit: -1 })).toThrow(code)
    expect(() => compare('a').version('>=' as never, 1)).toThrow(code)
    expect(() => compare('a').modRevision('=', Number.NaN)).toThrow(code)
    expect(() => compare('a').lease('=', 7 as never)).toThrow(code)
  })
})

/** Never run: the compiler is the judge. */
export async function typesOfTransactions(client: Client): Promise<void> {
  const result = await client
    .txn()
    .then(op.get('a'), op.put('b', '1'))
    .then(op.get('c'))
    .else(op.delete('a'))
    .commit()
  if (result.succeeded) {
    true satisfies Same<typeof result.responses, [GetOpResult, PutOpResult, GetOpResult]>
    // @ts-expect-error the judge of these types convicts
    true satisfies Same<typeof result.responses, [GetOpResult, PutOpResult]>
    result.responses[0].kvs
    // @ts-expect-error a put has no key-values
    result.responses[1].kvs
    // @ts-expect-error there are three
    result.responses[3]
  } else {
    result.responses[0].deleted
    // @ts-expect-error the other branch has one
    result.responses[1]
  }
  // @ts-expect-error which branch it was is not known here
  result.responses[0].deleted
  const empty = await client.txn().if(compare('a').exists()).commit()
  true satisfies Same<typeof empty.responses, []>
  const wide: TxnResult = result
  wide.responses[0] satisfies OpResult | undefined
  const ops = [op.get('a'), op.put('b', '1')]
  const listed = await client
    .txn()
    .then(...ops, op.delete('c'))
    .commit()
  listed.responses.map(({ type }) => type)
  const nested = await client
    .txn()
    .then(op.txn({ success: [op.get('a')] }))
    .commit()
  if (nested.succeeded) {
    const [inner] = nested.responses
    if (inner.succeeded) inner.responses[0].kvs
    // @ts-expect-error nothing is done otherwise
    else inner.responses[0]
  }
  // @ts-expect-error a condition is no operation
  client.txn().then(compare('a').exists())
  // @ts-expect-error an operation is no condition
  client.txn().if(op.get('a'))
}
