/** Answers as bytes: what is written by hand is what the codec writes, and nothing endless is made. */

import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { encodeBytes, type Init } from '../../client/wire/codec.js'
import type { KeyValue } from '../../client/wire/generated/kv.js'
import { PipelineAnswer } from '../../client/wire/generated/pipeline.js'
import { answerTooLarge } from '../../client/wire/pipeline-errors.js'
import { SESSION_ANSWERS_BYTES_MAX } from '../limits.js'
import { encodeAnswer, encodePutAnswer } from './pipeline-answer.js'

describe('the answer to a put', () => {
  test('is what the codec makes of it, whatever the revision', () => {
    const revision = fc.oneof(
      fc.integer({ min: 1 }),
      fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    )
    fc.assert(
      fc.property(revision, (revision) => {
        const twin = encodeBytes(PipelineAnswer, { revision, put: {} })
        expect(Buffer.compare(encodePutAnswer({ header: { revision } }), twin)).toBe(0)
      }),
    )
  })

  test('carries the version before when that was asked for', () => {
    const prevKv = { key: Uint8Array.of(1), version: 3 }
    const answer = PipelineAnswer.decode(encodePutAnswer({ header: { revision: 5 }, prevKv }))
    expect(answer).toMatchObject({ revision: 5, put: { header: undefined, prevKv } })
  })
})

describe('an answer that is too large', () => {
  const error = { text: answerTooLarge.text }
  const header = { revision: 5 }

  test('is an error from the first byte on that is not kept', () => {
    const encoded = (bytes: number) =>
      encodeAnswer('deleteRange', { header, prevKvs: [{ value: new Uint8Array(bytes) }] })
    const overhead =
      encoded(SESSION_ANSWERS_BYTES_MAX >> 1).length - (SESSION_ANSWERS_BYTES_MAX >> 1)
    const most = SESSION_ANSWERS_BYTES_MAX - overhead
    expect(encoded(most)).toHaveLength(SESSION_ANSWERS_BYTES_MAX)
    expect(PipelineAnswer.decode(encoded(most + 1))).toMatchObject({ revision: 5, error })
  })

  test('is not made: reading ends where it is known to be too large', () => {
    const value = new Uint8Array(SESSION_ANSWERS_BYTES_MAX >> 1)
    let read = 0
    const kv: Init<KeyValue> = {
      get value() {
        read++
        return value
      },
    }
    const range = { responseRange: { kvs: Array(1000).fill(kv) } }
    const nested = { responseTxn: { responses: [range, range] } }
    const bytes = encodeAnswer('txn', { header, responses: [nested, range] })
    expect(PipelineAnswer.decode(bytes)).toMatchObject({ revision: 5, error })
    expect(read).toBeLessThan(10)
  })
})
