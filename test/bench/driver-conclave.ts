/** Our client, through the pipeline where the server has it, or with unary calls. */

import { type Client, compare, connect, op } from '../../client/index.js'
import { Mutex, Session } from '../../recipes/index.js'
import { timed, type Workload } from './closed-loop.js'
import { type Driver, inParts, KEYS, keyOf, LEASE_SECONDS, VALUE } from './driver.js'
import { FanOut } from './fan-out.js'

/** See the head of the file. */
export class ConclaveDriver implements Driver {
  readonly #client: Client
  readonly #scope: string

  /** @param scope keys that only this driver uses begin with it. */
  constructor(endpoints: readonly string[], scope: string, isUnary: boolean) {
    const pipeline = isUnary ? 'off' : 'auto'
    this.#client = connect({ endpoints, timeoutMs: 20_000, pipeline })
    this.#scope = scope
  }

  transport(): string {
    return this.#client.guarantees.transport
  }

  async close(): Promise<void> {
    this.#client.close()
  }

  put(callers: number): Workload {
    let next = 0
    return timed(callers, () => this.#client.kv.put(keyOf(next++), VALUE))
  }

  async get(callers: number): Promise<Workload> {
    await inParts(KEYS, (i) => this.#client.kv.put(keyOf(i), VALUE))
    let next = 0
    return timed(callers, () => this.#client.kv.get(keyOf(next++)))
  }

  txn(callers: number): Workload {
    const values = Array.from({ length: callers }, () => '')
    return timed(callers, async (caller) => {
      const key = `${this.#scope}swap/${caller}`
      const [old, value] = [values[caller]!, `${Number(values[caller]) + 1}`]
      const known = old === '' ? compare(key).missing() : compare(key).value('=', old)
      const { succeeded } = await this.#client.txn().if(known).then(op.put(key, value)).commit()
      values[caller] = succeeded ? value : ((await this.#client.kv.get(key))?.text() ?? '')
    })
  }

  async lock(callers: number): Promise<Workload> {
    const session = await Session.create(this.#client, { ttlSeconds: LEASE_SECONDS })
    const mutexes = Array.from(
      { length: callers },
      (_, caller) => new Mutex(session, `${this.#scope}lock/${caller}`),
    )
    return timed(callers, async (caller) => {
      const lock = await mutexes[caller]!.acquire()
      await lock.release()
    })
  }

  async 'keep-alive'(callers: number): Promise<Workload> {
    const leases: bigint[] = []
    await inParts(callers, async () => {
      leases.push((await this.#client.lease.grant(LEASE_SECONDS)).id)
    })
    return timed(callers, (caller) => this.#client.lease.keepAliveOnce(leases[caller]!))
  }

  async watch(watchers: number): Promise<Workload> {
    const key = `${this.#scope}watched`
    const fanOut = new FanOut(watchers, () => this.#client.kv.put(key, VALUE))
    await inParts(watchers, async () => {
      const watcher = this.#client.watch(key)
      await watcher.created
      void (async () => {
        for await (const _event of watcher) fanOut.seen()
      })().catch(() => {})
    })
    return fanOut
  }
}
