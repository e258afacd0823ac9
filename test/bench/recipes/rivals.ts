/** The same with etcd3 (npm), for what it has: locks and transactional memory. */

import { Etcd3, type ISTMOptions } from 'etcd3'
import { looped, type Scenario, type Stage } from './scenario.js'
import { accountsOf } from './transfers.js'

const CALLERS = 10
/** `Isolation.Serializable`, which etcd3 keeps in a `const enum`. */
const SERIALIZABLE: ISTMOptions['isolation'] = 1

/** As `lockAlone`. */
export const rivalLock: Scenario = (stage) =>
  onEtcd3(stage, (client) =>
    looped(stage, CALLERS, async (caller) => {
      const lock = await client.lock(`${stage.scope}lock/${caller}`).acquire()
      await lock.release()
    }),
  )

/**
 * As `transfers`, at its level `Serializable`: its default compares with the wrong revision
 * and fails for accounts of different age. Its library does not tell how often it tried.
 */
export const rivalTransfers =
  (conflicts: number): Scenario =>
  (stage) =>
    onEtcd3(stage, (client) =>
      looped(stage, CALLERS, (caller) => {
        const [a, b] = accountsOf(stage.scope, caller, conflicts)
        return client.stm({ isolation: SERIALIZABLE, retries: 1_000 }).transact(async (tx) => {
          const [from, to] = await Promise.all([tx.get(a).number(), tx.get(b).number()])
          await tx.put(a).value((from ?? 0) - 1)
          await tx.put(b).value((to ?? 0) + 1)
        })
      }),
    )

async function onEtcd3<T>({ endpoints }: Stage, run: (client: Etcd3) => Promise<T>): Promise<T> {
  const client = new Etcd3({ hosts: [...endpoints] })
  try {
    return await run(client)
  } finally {
    client.close()
  }
}
