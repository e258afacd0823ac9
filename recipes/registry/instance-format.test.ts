/** The stored form of an instance: etcd's naming format, and what is read of others' entries. */

import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Instance, instanceOf, type NewInstance } from './instance.js'
import { readInstance, writeInstance } from './instance-format.js'

const words = fc.string({ minLength: 1, maxLength: 6 })
const segment = words.filter((text) => !text.includes('/'))
const instances: fc.Arbitrary<Instance> = fc
  .record({
    name: segment,
    id: segment,
    address: fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()),
    port: fc.integer({ min: 1, max: 65_535 }),
    protocol: words,
    version: words,
    weight: fc.integer({ min: 0, max: 1_000_000 }),
    metadata: fc.dictionary(words, words),
    status: fc.constantFrom('up', 'starting', 'draining', 'down'),
  })
  .map((given) => instanceOf(given, () => 'x'))

/** As Go's encoding/json finds the fields of `struct { Op; Addr string; Metadata any }`. */
function asGo(text: string): Record<string, unknown> {
  const found: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(JSON.parse(text)))
    for (const name of ['Op', 'Addr', 'Metadata'])
      if (key.toLowerCase() === name.toLowerCase()) found[name] = value
  return found
}

describe('what is stored', () => {
  test('is read back as it was', () => {
    fc.assert(
      fc.property(instances, (instance) => {
        expect(readInstance(instance.name, instance.id, writeInstance(instance))).toEqual(instance)
      }),
    )
  })

  test('is an address without metadata for Go, whatever the metadata is', () => {
    fc.assert(
      fc.property(instances, (instance) => {
        const { address, port } = instance
        const Addr = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
        expect(asGo(writeInstance(instance))).toEqual({ Op: 0, Addr, Metadata: null })
      }),
    )
  })
})

describe('what others store', () => {
  test.each([
    ['{"Addr":"10.0.0.7:80"}', '10.0.0.7', 80],
    ['{"Op":0,"Addr":"[::1]:8080","Metadata":null}', '::1', 8080],
    ['{"Op":1,"addr":"a.example:1","Metadata":"x"}', 'a.example', 1],
  ])('%s is an instance with the defaults', (text, address, port) => {
    expect(readInstance('s', 'go/1', text)).toEqual({
      name: 's',
      id: 'go/1',
      address,
      port,
      protocol: '',
      version: '',
      weight: 1,
      metadata: {},
      status: 'up',
    })
  })

  test('may have text as metadata', () => {
    const text = '{"Addr":"a:1","Metadata":{"zone":"b"}}'
    expect(readInstance('s', 'i', text).metadata).toEqual({ zone: 'b' })
  })

  test('passes with fields that make no sense', () => {
    const text = '{"Addr":"a:1","weight":-3,"status":"lost","meta":[1],"protocol":7}'
    const read = readInstance('s', 'i', text)
    expect(read).toMatchObject({ weight: 1, status: 'up', metadata: {}, protocol: '' })
  })

  test.each([
    '',
    'nonsense',
    'null',
    '{}',
    '{"Addr":"nowhere"}',
    '{"Addr":"a:0"}',
    '{"Addr":"a:99999"}',
    '{"Addr":"::1:80"}',
    '{"Addr":7}',
  ])("'%s' is no instance", (text) => {
    expect(() => readInstance('s', 'i', text)).toThrow()
  })
})

describe('an instance to register', () => {
  const given: NewInstance = { name: 'orders', address: '10.0.0.7', port: 80 }

  test('gets an id and defaults', () => {
    expect(instanceOf(given, () => '7f')).toMatchObject({ id: '7f', weight: 1, status: 'up' })
  })

  test.each<[string, Partial<NewInstance>]>([
    ['no name', { name: '' }],
    ['a name of two segments', { name: 'a/b' }],
    ['an empty id', { id: '' }],
    ['an id of two segments', { id: 'a/b' }],
    ['no address', { address: '' }],
    ['an address with brackets', { address: '[::1]' }],
    ['a URL for an address', { address: 'http://a' }],
    ['port 0', { port: 0 }],
    ['half a port', { port: 80.5 }],
    ['a negative weight', { weight: -1 }],
    ['no number as weight', { weight: Number.NaN }],
    ['an unknown status', { status: 'away' as never }],
    ['metadata that is no text', { metadata: { a: 1 } as never }],
  ])('with %s is refused', (_, wrong) => {
    expect(() => instanceOf({ ...given, ...wrong }, () => 'x')).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })
})
