/**
 * Sessions written by hand (raw-session.ts): several streams at once, from two processes;
 * and now and then the lease of a session is revoked and granted again under the same id,
 * while writes of the old one may still be on their way.
 */

import { type Client, randomId } from '../../../client/index.js'
import type { PutRequest } from '../../../client/wire/generated/rpc.js'
import type { SeededRandom } from '../../model/random.js'
import { put } from '../../model/requests.js'
import { RawSession } from './raw-session.js'
import type { Rider } from './rider.js'
import type { Worker, Workload, WorkloadRow } from './worker.js'

const WRITES_MAX = 8
const STREAMS_MAX = 3
/** A session of so many writes gives way to the next one: each new stream begins with all that are not acknowledged. */
const SESSION_WRITES_MAX = 100
const RIDERS = 2
/** Numbers of riders, apart from those of other workloads. */
const RIDERS_FROM = 1_000

class RawSessions implements Workload {
  readonly #worker: Worker
  readonly #random: SeededRandom
  #riders: readonly Rider[] = []
  #session: RawSession | undefined
  #sessions = 0
  /** A session is being granted. */
  #granting = false

  constructor(worker: Worker, random: SeededRandom) {
    this.#worker = worker
    this.#random = random
  }

  async step(): Promise<void> {
    if (this.#granting) return
    const session = this.#session
    if (!session?.isOpen) return this.#grant(randomId(this.#random))
    const act = this.#random.weighted({
      write: 60,
      open: 10,
      acknowledge: 20,
      break: 5,
      regrant: 20,
    })
    if (act === 'open' || session.streams === 0) this.#open(session)
    if (session.writes >= SESSION_WRITES_MAX) await this.#regrant(session)
    else if (act === 'acknowledge') session.acknowledge()
    else if (act === 'break') session.breakStreams()
    else if (act === 'regrant') await this.#regrant(session)
    else await this.#write(session)
  }

  /** Some writes leave in one message; waits for them, but not for long. */
  async #write(session: RawSession): Promise<void> {
    const process = `${this.#worker.process}/raw${this.#sessions}`
    const rpc = (_: unknown, request: PutRequest) => session.put(request)
    const asker = { process, client: { rpc } as unknown as Client }
    const count = this.#random.between(1, WRITES_MAX)
    const answers = Array.from({ length: count }, () => {
      const request = put(`p/${process}/count`, this.#worker.value())
      return this.#worker.performAs(asker, { kind: 'put', request })
    })
    session.flush()
    await Promise.race([Promise.all(answers), this.#worker.sleep(this.#worker.timeoutMs)])
  }

  #open(session: RawSession): void {
    if (session.streams < STREAMS_MAX) session.open(this.#random.pick(this.#riders))
  }

  /** The same id means another session, whose writes are others. */
  async #regrant(session: RawSession): Promise<void> {
    this.#granting = true
    const late = this.#write(session)
    session.end()
    const request = { ID: session.id }
    await Promise.all([late, this.#worker.perform({ kind: 'leaseRevoke', request })])
    await this.#grant(session.id)
  }

  async #grant(ID: bigint): Promise<void> {
    this.#granting = true
    const request = { ID, TTL: this.#worker.plan.leaseTtlSecondsMax }
    const { answer } = await this.#worker.perform({ kind: 'leaseGrant', request })
    this.#granting = false
    if (answer.kind !== 'ok' || this.#worker.stopping.aborted) return
    if (this.#riders.length === 0)
      this.#riders = Array.from({ length: RIDERS }, (_, i) => this.#worker.rider(RIDERS_FROM + i))
    const session = new RawSession(ID, (message) =>
      this.#worker.material.violations.push({ rule: 'raw session', message }),
    )
    this.#sessions++
    this.#session = session
    this.#worker.ride(`${this.#worker.process}/raw${this.#sessions}`)
    this.#worker.closing.addEventListener('abort', () => session.end(), { once: true })
    this.#open(session)
    this.#open(session)
  }
}

/** See the head of the file. */
export const rawSessions: WorkloadRow = {
  usualWeight: 3,
  make: (worker, random) => new RawSessions(worker, random),
}
