/** Stories of callers who ask for what no honest client would: the member answers and lives. */

import { afterEach, expect, test } from '@jest/globals'
import { DEPTH_MAX, type Init } from '../../client/wire/codec.js'
import type { TxnRequest } from '../../client/wire/generated/rpc.js'
import { KV } from '../../client/wire/methods.js'
import { MemberWorld } from '../sim/member-world.js'

let world: MemberWorld

afterEach(async () => {
  await world.stop()
})

test('a transaction nested as deep as the door lets through does not end the members', async () => {
  // With etcd's 128 operations the door would refuse long before.
  world = await MemberWorld.start(3, { maxTxnOps: DEPTH_MAX })
  const leader = await world.leader()
  const nested = (levels: number): Init<TxnRequest> =>
    levels === 0
      ? { success: [{ requestPut: { key: Buffer.from('k'), value: Buffer.from('v') } }] }
      : { success: [{ requestTxn: nested(levels - 1) }] }
  for (let levels = DEPTH_MAX / 2 - 2; levels <= DEPTH_MAX / 2 + 1; levels++)
    await world.answered(world.client(leader).call(KV.txn, nested(levels))).catch(() => {})
  expect(world.machines.map(({ failure }) => failure)).toEqual([undefined, undefined, undefined])
  await world.put(leader, 'after', 'x')
})
