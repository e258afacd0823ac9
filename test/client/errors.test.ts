/** Mistakes and trouble: each its own code, and what is refused is not sent. */

import { expect, test } from '@jest/globals'
import { failure } from './outcome.js'
import { subject } from './subject.js'

subject('errors', (server) => {
  test('a request that is too large is refused, and did not happen', async () => {
    const error = await failure(server.client.kv.put(`${server.at}big`, Buffer.alloc(1_700_000)))
    expect(error).toMatchObject({ code: 'request-too-large', outcomeUnknown: false })
    const huge = await failure(server.client.kv.put(`${server.at}big`, Buffer.alloc(4_000_000)))
    expect(huge).toMatchObject({ outcomeUnknown: false })
    expect(await server.client.kv.get(`${server.at}big`)).toBeNull()
  })
})
