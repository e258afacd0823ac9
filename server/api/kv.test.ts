/** What the KV service lets through. */

import { afterEach, expect, test } from '@jest/globals'
import type { Init } from '../../client/wire/codec.js'
import type { TxnRequest, TxnResponse } from '../../client/wire/generated/rpc.js'
import { KV } from '../../client/wire/methods.js'
import { MemberWorld } from '../../test/sim/member-world.js'

let world: MemberWorld

afterEach(async () => {
  await world.stop()
})

test('transactions nest as deep as max-txn-ops says, and no deeper', async () => {
  world = await MemberWorld.start(1)
  const [machine] = world.machines
  const nested = (levels: number): Init<TxnRequest> =>
    levels === 1
      ? { success: [{ requestPut: { key: Buffer.from('k'), value: Buffer.from(`${levels}`) } }] }
      : { success: [{ requestTxn: nested(levels - 1) }] }
  const channel = world.client(machine!)
  const answer = await world.answered(channel.call(KV.txn, nested(128)))
  let levels = 0
  let inner: TxnResponse | undefined = answer
  for (; inner !== undefined; levels++) inner = inner.responses[0]?.responseTxn
  expect(levels).toBe(128)
  await expect(world.answered(channel.call(KV.txn, nested(129)))).rejects.toThrow(
    'etcdserver: too many operations in txn request',
  )
})
