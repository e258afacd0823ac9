/** A signal that aborts because a time is over ends whatever it is given to as a time does. */

import { expect, test } from '@jest/globals'
import { fakeMembers, settled, silence } from '../test/client/fake-members.js'
import { fakePipeline } from '../test/client/fake-pipeline.js'
import { failure } from '../test/client/outcome.js'
import type { Client } from './index.js'

/** As `AbortSignal.timeout()`, in its own time. */
function timeout() {
  const abort = new AbortController()
  const reason = new DOMException('The operation was aborted due to timeout', 'TimeoutError')
  return { signal: abort.signal, fire: () => abort.abort(reason), reason }
}

const begin = (iterable: AsyncIterable<unknown>) => iterable[Symbol.asyncIterator]().next()

/** What waits until it is aborted, at a member that never answers. */
const WAITS: Readonly<Record<string, (client: Client, signal: AbortSignal) => Promise<unknown>>> = {
  'a read': (c, signal) => c.kv.get('k', { signal }),
  'a stream of keys': (c, signal) => begin(c.kv.stream('k', { signal })),
  pages: (c, signal) => begin(c.kv.pages('k', { signal })),
  'a watch that is iterated': (c, signal) => begin(c.watch('k', { signal })),
  'a watch that begins': (c, signal) => c.watch('k', { signal }).created,
  'a cache': (c, signal) => c.cache('k', { signal }).ready(),
  'the wait for a cache': (c, signal) => c.cache('k').ready({ signal }),
  'a renewal': (c, signal) => c.lease.keepAliveOnce(7n, { signal }),
}

test.each(Object.keys(WAITS))('%s ends with deadline-exceeded', async (name) => {
  const { client, first } = fakeMembers(1)
  first.onRange = silence
  const { signal, fire, reason } = timeout()
  const failed = failure(WAITS[name]!(client, signal))
  await settled()
  fire()
  expect(await failed).toMatchObject({ code: 'deadline-exceeded', cause: reason })
  client.close()
})

test.each(['unary', 'pipeline'])('a write that left by %s has an unknown outcome', async (way) => {
  const [members, pipeline] = [fakeMembers(1), fakePipeline()]
  members.first.onPut = silence
  pipeline.first.manner = 'mute'
  const { client } = way === 'unary' ? members : pipeline
  const { signal, fire } = timeout()
  const failed = failure(client.kv.put('k', 'v', { signal }))
  await settled()
  fire()
  expect(await failed).toMatchObject({ code: 'deadline-exceeded', outcomeUnknown: true })
  const late = await failure(client.kv.put('k', 'v', { signal }))
  expect(late).toMatchObject({ code: 'deadline-exceeded', outcomeUnknown: false })
  members.client.close()
  pipeline.client.close()
})

test('a watch with listeners takes it as the wish of its caller', async () => {
  const { client } = fakeMembers(1)
  const { signal, fire } = timeout()
  const heard: string[] = []
  client
    .watch('k', { signal })
    .on('put', () => {})
    .on('end', () => heard.push('end'))
  await settled()
  fire()
  await settled()
  expect(heard).toEqual(['end'])
  client.close()
})
