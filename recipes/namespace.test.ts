/** Recipes in a namespace: the same name there and outside are two things. */

import { expect, test } from '@jest/globals'
import type { Client } from '../client/index.js'
import { oneMember } from '../test/client/one-member.js'
import { Mutex, Session } from './index.js'

let client: Client

oneMember((made) => {
  client = made
})

test('a lock of a name is held once in each namespace', async () => {
  const spaces = [client, client.namespace('a/'), client.namespace('b/')]
  const sessions = await Promise.all(spaces.map((space) => Session.create(space)))
  const locks = await Promise.all(
    sessions.map((session) => new Mutex(session, 'job').acquire({ timeoutMs: 5_000 })),
  )
  expect(new Set(locks.map((lock) => lock.key)).size).toBe(3)
  const { kvs } = await client.kv.getAll({ all: true }, { keysOnly: true })
  expect(kvs.map((kv) => kv.keyString.replace(/[0-9a-f]+$/, ''))).toEqual([
    'a/job/',
    'b/job/',
    'job/',
  ])
  const another = await Session.create(spaces[1]!)
  expect(await new Mutex(another, 'job').tryAcquire()).toBeUndefined()
  await locks[1]!.release()
  const waiting = await new Mutex(another, 'job').acquire({ timeoutMs: 5_000 })
  expect(waiting.held).toBe(true)
  for (const session of [...sessions, another]) await session.close()
  expect(await client.kv.count({ all: true })).toBe(0)
})
