/** Values with a type: what is written, read, refused, and how a failure names its key. */

import { describe, expect, test } from '@jest/globals'
import { oneMember } from '../test/client/one-member.js'
import {
  bytes,
  type Client,
  json,
  SchemaError,
  type StandardSchema,
  text,
  type ValueCodec,
} from './index.js'

let client: Client

oneMember((made) => {
  client = made
})

interface Limits {
  readonly perSecond: number
  readonly burst?: number
}

/** As zod and its like: checks `perSecond`, and fills in `burst`. */
const limitsSchema: StandardSchema<Limits, Required<Limits>> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => {
      const { perSecond, burst = 10 } = (value ?? {}) as Partial<Limits>
      if (typeof perSecond === 'number') return { value: { perSecond, burst } }
      return { issues: [{ message: 'must be a number', path: [{ key: 'perSecond' }] }] }
    },
  },
}

describe('typed values', () => {
  test('are written and read by every method', async () => {
    const limits = client.kv.withCodec(json<Limits>())
    await limits.put('l/a', { perSecond: 1 })
    const { prev } = await limits.put('l/a', { perSecond: 2 }, { prevKv: true })
    expect(prev?.value).toEqual({ perSecond: 1 })
    const a = await limits.get('l/a')
    expect([a?.value.perSecond, a?.keyString, a?.version, a?.lease]).toEqual([2, 'l/a', 2, 0n])
    expect(await limits.get('l/none')).toBeNull()
    expect(await limits.count('l/')).toBe(1)
    expect(await limits.create('l/b', { perSecond: 3 })).toMatchObject({ succeeded: true })
    const made = await limits.create('l/b', { perSecond: 4 })
    expect(!made.succeeded && made.existing.value).toEqual({ perSecond: 3 })
    const late = await limits.replace('l/b', { perSecond: 5 }, a!.modRevision)
    expect(!late.succeeded && late.existing?.value).toEqual({ perSecond: 3 })
    const update = await limits.update('l/b', (kv) => ({ perSecond: kv!.value.perSecond * 2 }))
    expect(update.prev?.value.perSecond).toBe(3)
    const { kvs, count } = await limits.getAll('l/')
    expect([kvs.map((kv) => kv.value.perSecond), count]).toEqual([[2, 6], 2])
    const paged: number[] = []
    for await (const page of limits.pages('l/', { pageSize: 1 }))
      paged.push(...page.kvs.map((kv) => kv.value.perSecond))
    for await (const kv of limits.stream('l/')) paged.push(kv.value.perSecond)
    expect(paged).toEqual([2, 6, 2, 6])
    const deleted = await limits.delete('l/a', { prevKv: true })
    expect(deleted.prev[0]?.value).toEqual({ perSecond: 2 })
  })

  test('are read by a schema, which may fill in and refuse', async () => {
    const limits = client.kv.withCodec(json(limitsSchema))
    await limits.put('good', { perSecond: 1 })
    expect((await client.kv.get('good'))?.text()).toBe('{"perSecond":1}')
    expect((await limits.get('good'))?.value).toEqual({ perSecond: 1, burst: 10 })
    await client.kv.put('bad', '{"perSecond":"many"}')
    const reading = limits.get('bad')
    await expect(reading).rejects.toMatchObject({
      code: 'invalid-value',
      message: expect.stringMatching(/\(key 'bad': perSecond: must be a number\)/),
      cause: expect.any(SchemaError),
    })
  })

  test.each([
    ['of text', text, Buffer.from([0xc3, 0x28])],
    ['in JSON', json(), Buffer.from('{')],
    ['in JSON that is no text', json(), Buffer.from([0x22, 0xff, 0x22])],
    ['of a codec that throws anything', { encode: String, decode: () => throws('no') }, 'v'],
  ] as [string, ValueCodec<unknown, never>, string | Uint8Array][])(
    'that are not %s fail every read, and name the key',
    async (_what, codec, value) => {
      const kv = client.kv.withCodec(codec)
      await client.kv.put(Buffer.from([0x61, 0xff]), value)
      const refused = { code: 'invalid-value', message: expect.stringMatching(/key 0x61ff: /) }
      await expect(kv.get(Buffer.from([0x61, 0xff]))).rejects.toMatchObject(refused)
      await expect(kv.getAll('a')).rejects.toMatchObject(refused)
      await expect(kv.pages('a').next()).rejects.toMatchObject(refused)
      await expect(kv.stream('a').next()).rejects.toMatchObject(refused)
    },
  )

  test('that were wrong before a write do not make it fail', async () => {
    const numbers = client.kv.withCodec(json<number>())
    await client.kv.put('a', 'not JSON')
    const { prev, revision } = await numbers.put('a', 1, { prevKv: true })
    expect((await numbers.get('a'))?.modRevision).toBe(revision)
    expect(prev?.raw.text()).toBe('not JSON')
    expect(() => prev?.value).toThrow(expect.objectContaining({ code: 'invalid-value' }))
  })

  test('that cannot be written are refused before anything is sent', async () => {
    const circular: unknown[] = []
    circular.push(circular)
    const anything = client.kv.withCodec(json<unknown>())
    for (const value of [undefined, () => 1, Symbol('s'), circular, 1n])
      await expect(anything.put('a', value)).rejects.toMatchObject({ code: 'invalid-argument' })
    expect(await client.kv.get('a')).toBeNull()
  })

  test('cannot be read without values', async () => {
    const kv = client.kv.withCodec(text)
    const invalid = { code: 'invalid-argument' }
    await expect(kv.getAll('a', { keysOnly: true } as never)).rejects.toMatchObject(invalid)
    expect(() => kv.pages('a', { keysOnly: true } as never)).toThrow(
      expect.objectContaining(invalid),
    )
  })

  test('of bytes and text are as they are', async () => {
    const raw = client.kv.withCodec(bytes)
    await raw.put('a', Buffer.from([0xff, 0x00]))
    expect([...(await raw.get('a'))!.value]).toEqual([0xff, 0x00])
    const words = client.kv.withCodec(text)
    await words.put('b', '\uFEFFä😀')
    expect((await words.get('b'))?.value).toBe('\uFEFFä😀')
  })

  test('of watch events and transactions are read by the same codecs', async () => {
    await client.kv.put('a', '{"perSecond":1}')
    expect((await client.kv.get('a'))?.decode(json(limitsSchema)).burst).toBe(10)
  })
})

describe('a schema', () => {
  test('that is none is refused at once', () => {
    expect(() => json({} as never)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  test('that answers with promises is refused on reading', async () => {
    const slow: StandardSchema<string> = {
      '~standard': { version: 1, vendor: 'test', validate: async () => ({ issues: [] }) },
    }
    await client.kv.put('a', '1')
    await expect(client.kv.withCodec(json(slow)).get('a')).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(/promise/),
    })
  })
})

function throws(what: unknown): never {
  throw what
}

/** Never run: the compiler is the judge. */
export async function typesOfValues(client: Client): Promise<void> {
  const limits = client.kv.withCodec(json(limitsSchema))
  await limits.put('a', { perSecond: 1 })
  // @ts-expect-error a limit has a rate
  await limits.put('a', { burst: 1 })
  const kv = await limits.get('a')
  kv?.value.burst.toFixed()
  // @ts-expect-error there may be none
  kv.value
  // @ts-expect-error keys alone have no values
  await limits.getAll('a', { keysOnly: true })
  const numbers = client.kv.withCodec(json<number>())
  // @ts-expect-error a number is no string
  await numbers.put('a', '1')
  await numbers.update('a', (current) => (current?.value ?? 0) + 1)
}
