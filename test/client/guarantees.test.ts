/** What a client may rely on: order, exactly once, and what holds without the pipeline. */

import { expect, test } from '@jest/globals'
import { ConclaveError, op } from '../../client/index.js'
import { failure } from './outcome.js'
import { subject } from './subject.js'

subject('guarantees', (server) => {
  const pipelineTest = server.only('pipeline')

  test('the client says what holds, from its first call on', async () => {
    const one = server.connect()
    const known = await one.ready()
    const pipelined = { transport: 'pipeline', writes: 'exactly-once', order: 'as issued' }
    const unary = { transport: 'unary', writes: 'at-most-once', order: 'none' }
    expect(known).toEqual(server.kind.differs.includes('pipeline') ? unary : pipelined)
    await one.kv.put(`${server.at}a`, '1')
    expect(one.guarantees).toEqual(known)
  })

  test('a pipeline that is required is there, or every call says that it is not', async () => {
    const one = server.connect({ pipeline: 'require' })
    const put = one.kv.put(`${server.at}a`, '1')
    if (server.kind.name === 'etcd')
      expect(await failure(put)).toMatchObject({ code: 'unimplemented', outcomeUnknown: false })
    else expect((await put).revision).toBeGreaterThan(1)
  })

  pipelineTest('writes that are not awaited are applied in the order of their calls', async () => {
    const { kv } = server.client
    const puts = Array.from({ length: 300 }, (_, i) => kv.put(`${server.at}${i % 7}`, `${i}`))
    const revisions = (await Promise.all(puts)).map((put) => put.revision)
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b))
    expect(new Set(revisions).size).toBe(300)
  })

  pipelineTest(
    'a read sees every write that its client called before, awaited or not',
    async () => {
      const { kv } = server.client
      const reads: Promise<string | undefined>[] = []
      for (let i = 0; i < 100; i++) {
        void kv.put(`${server.at}a`, `${i}`)
        if (i % 10 === 9) reads.push(kv.get(`${server.at}a`).then((found) => found?.text()))
      }
      // Later writes may have been applied too, never fewer.
      const seen = (await Promise.all(reads)).map(Number)
      for (const [n, value] of seen.entries()) expect(value).toBeGreaterThanOrEqual(n * 10 + 9)
    },
  )

  test('writes under way while the server dies: none is applied twice, none is lost in silence', async () => {
    const one = server.connect({ timeoutMs: 20_000 })
    await one.kv.put(`${server.at}warm`, '1')
    const count = 200
    const write = (i: number) =>
      i % 2 === 0
        ? one.kv.put(`${server.at}k/${i}`, `${i}`)
        : one
            .txn()
            .then(op.put(`${server.at}k/${i}`, `${i}`))
            .commit()
    const outcomes = Array.from({ length: count }, (_, i) =>
      write(i).then(
        () => 'done',
        (error: unknown) => {
          if (!(error instanceof ConclaveError)) throw error
          return error.outcomeUnknown ? 'unknown' : 'refused'
        },
      ),
    )
    await Promise.race(outcomes)
    await server.cluster.restart()
    const told = await Promise.all(outcomes)
    const { kvs } = await server.connect().kv.getAll(`${server.at}k/`)
    expect(kvs.every((kv) => kv.version === 1)).toBe(true)
    const there = new Set(kvs.map((kv) => Number(kv.text())))
    for (const [i, outcome] of told.entries()) {
      if (outcome === 'done') expect(there).toContain(i)
      if (outcome === 'refused') expect(there).not.toContain(i)
    }
    if (one.guarantees.writes === 'exactly-once') expect(new Set(told)).toEqual(new Set(['done']))
  })

  pipelineTest('a client that closes takes its session along', async () => {
    const before = new Set(await server.client.lease.list())
    const one = server.connect()
    await one.kv.put(`${server.at}a`, '1')
    const added = (await server.client.lease.list()).filter((id) => !before.has(id))
    expect(added).toHaveLength(1)
    one.close()
    let asked = 0
    while ((await server.client.lease.list()).includes(added[0]!))
      expect(++asked).toBeLessThan(2000)
  })
})
