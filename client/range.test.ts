/** Ranges and errors as users meet them at the door. */

import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { ConclaveError } from './errors.js'
import { prefixEnd, toRange, toRangeOrPrefix } from './range.js'
import { RpcError, Status } from './wire/status.js'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const pair = (range: Parameters<typeof toRange>[0]) => {
  const { key, rangeEnd } = toRange(range)
  return [hex(key), hex(rangeEnd)]
}

describe('a range', () => {
  test.each([
    ['one key', 'a', ['61', '']],
    ['a prefix', { prefix: 'ab' }, ['6162', '6163']],
    ['a prefix that ends in 0xff', { prefix: Buffer.from('61ff', 'hex') }, ['61ff', '62']],
    ['a prefix of 0xff only', { prefix: Buffer.from('ffff', 'hex') }, ['ffff', '00']],
    ['the empty prefix', { prefix: '' }, ['00', '00']],
    ['everything', { all: true } as const, ['00', '00']],
    ['from a key on', { fromKey: 'a' }, ['61', '00']],
    ['between two keys', { from: 'a', to: 'b' }, ['61', '62']],
  ])('%s', (_name, range, expected) => {
    expect(pair(range)).toEqual(expected)
  })

  test('plain bytes are a prefix where many keys are read', () => {
    expect(hex(toRangeOrPrefix('a').rangeEnd)).toBe('62')
  })

  test('of a prefix holds a key exactly when the key begins with it', () => {
    const bytes = fc
      .uint8Array({ minLength: 1, maxLength: 4 })
      .map((array) => array.map((byte) => [0, 1, 0x61, 0xfe, 0xff][byte % 5]!))
    fc.assert(
      fc.property(bytes, bytes, (prefix, key) => {
        const end = prefixEnd(prefix)
        const open = end.length === 1 && end[0] === 0
        const inside = Buffer.compare(key, prefix) >= 0 && (open || Buffer.compare(key, end) < 0)
        const begins = Buffer.compare(key.subarray(0, prefix.length), prefix) === 0
        expect(inside).toBe(begins)
      }),
      { numRuns: 2_000 },
    )
  })

  test.each([
    [{}],
    [null],
    [{ all: false }],
    [{ from: 'a' }],
    [{ from: 'b', to: 'b' }],
    [{ prefix: 'a', from: 'a', to: 'b' }],
    [{ prefix: 'a', all: true }],
    [{ fromKey: 'a', to: 'b' }],
    [7],
    [''],
  ])('%j is refused', (range) => {
    expect(() => toRange(range as never)).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })
})

describe('an error', () => {
  test('is one of ours also when another copy of the package made it', () => {
    const foreign = Object.assign(new Error('x'), { [Symbol.for('conclave.error')]: true })
    expect(foreign instanceof ConclaveError).toBe(true)
    expect(new Error('x') instanceof ConclaveError).toBe(false)
    expect((undefined as unknown) instanceof ConclaveError).toBe(false)
  })

  test('is of a class that extends it only when that made it', () => {
    class OutOfStock extends ConclaveError {}
    const mine = new OutOfStock('conflict', 'none left')
    expect([mine instanceof OutOfStock, mine instanceof ConclaveError]).toEqual([true, true])
    expect(new ConclaveError('conflict', 'none left') instanceof OutOfStock).toBe(false)
  })

  test('says what to do, and keeps what the server said', () => {
    const cause = new RpcError(Status.NOT_FOUND, 'etcdserver: requested lease not found')
    const error = ConclaveError.from(cause, 'write')
    expect(error).toMatchObject({ code: 'lease-not-found', outcomeUnknown: false, cause })
    expect(error.message).toMatch(/grant a new one.*requested lease not found/)
    expect(ConclaveError.from(error)).toBe(error)
  })

  test('is found by the text, whatever status it came with', () => {
    const odd = new RpcError(Status.UNKNOWN, 'etcdserver: too many requests')
    expect(ConclaveError.from(odd, 'write')).toMatchObject({
      code: 'too-many-requests',
      outcomeUnknown: false,
    })
  })

  test.each([
    [Status.UNAVAILABLE, false, 'outcome-unknown', true],
    [Status.UNAVAILABLE, true, 'unavailable', false],
    [Status.DEADLINE_EXCEEDED, false, 'outcome-unknown', true],
    [Status.DEADLINE_EXCEEDED, true, 'deadline-exceeded', false],
    [Status.CANCELLED, false, 'cancelled', true],
    [Status.CANCELLED, true, 'cancelled', false],
    [Status.INTERNAL, false, 'internal', true],
    [Status.UNKNOWN, false, 'outcome-unknown', true],
    [Status.INVALID_ARGUMENT, false, 'invalid-argument', false],
    [Status.PERMISSION_DENIED, false, 'permission-denied', false],
  ])('of a write with status %d, never sent %p, is %s', (status, neverSent, code, unknown) => {
    const error = ConclaveError.from(new RpcError(status, 'text', neverSent), 'write')
    expect(error).toMatchObject({ code, outcomeUnknown: unknown })
    expect(ConclaveError.from(new RpcError(status, 'text'), 'read').outcomeUnknown).toBe(false)
  })

  test('of anything else is wrapped', () => {
    const abort = new DOMException('stop', 'AbortError')
    expect(ConclaveError.from(abort)).toMatchObject({ code: 'cancelled', cause: abort })
    expect(ConclaveError.from('text')).toMatchObject({ code: 'internal', cause: 'text' })
  })
})
