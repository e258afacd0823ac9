/** etcd3 (npm), used as its documentation says. */

import { Etcd3, type Lease } from 'etcd3'
import { timed, type Workload } from './closed-loop.js'
import { type Driver, inParts, KEYS, keyOf, LEASE_SECONDS, VALUE } from './driver.js'
import { FanOut } from './fan-out.js'

/** See the head of the file. */
export class Etcd3Driver implements Driver {
  readonly #client: Etcd3
  readonly #scope: string

  /** @param scope keys that only this driver uses begin with it. */
  constructor(endpoints: readonly string[], scope: string) {
    this.#client = new Etcd3({ hosts: [...endpoints] })
    this.#scope = scope
  }

  transport(): undefined {
    return undefined
  }

  async close(): Promise<void> {
    this.#client.close()
  }

  put(callers: number): Workload {
    let next = 0
    return timed(callers, () => this.#client.put(keyOf(next++)).value(VALUE).exec())
  }

  async get(callers: number): Promise<Workload> {
    await inParts(KEYS, (i) => this.#client.put(keyOf(i)).value(VALUE).exec())
    let next = 0
    return timed(callers, () => this.#client.get(keyOf(next++)).buffer())
  }

  txn(callers: number): Workload {
    const values = Array.from({ length: callers }, () => '')
    return timed(callers, async (caller) => {
      const key = `${this.#scope}swap/${caller}`
      const [old, value] = [values[caller]!, `${Number(values[caller]) + 1}`]
      const known =
        old === ''
          ? this.#client.if(key, 'Version', '==', 0)
          : this.#client.if(key, 'Value', '==', old)
      const { succeeded } = await known.then(this.#client.put(key).value(value)).commit()
      values[caller] = succeeded ? value : ((await this.#client.get(key).string()) ?? '')
    })
  }

  lock(callers: number): Workload {
    return timed(callers, async (caller) => {
      const lock = await this.#client.lock(`${this.#scope}lock/${caller}`).acquire()
      await lock.release()
    })
  }

  async 'keep-alive'(callers: number): Promise<Workload> {
    const leases: Lease[] = []
    await inParts(callers, async () => {
      const lease = this.#client.lease(LEASE_SECONDS, { autoKeepAlive: false })
      await lease.grant()
      leases.push(lease)
    })
    return timed(callers, (caller) => leases[caller]!.keepaliveOnce())
  }

  async watch(watchers: number): Promise<Workload> {
    const key = `${this.#scope}watched`
    const fanOut = new FanOut(watchers, () => this.#client.put(key).value(VALUE).exec())
    await inParts(watchers, async () => {
      const watcher = await this.#client.watch().key(key).create()
      watcher.on('put', () => fanOut.seen())
    })
    return fanOut
  }
}
