/**
 * Active health checks: asking again and again, and telling when the answer has changed.
 *
 * A lease tells that a process lives; a check tells whether it serves. It is run either by
 * who registers (`checkOwn`: it sets the status of the registration, `up` or `down`) or by
 * who looks for instances (`checkAll`: what is ill is not picked by this view, and nobody
 * else is told). What is checked is another's to say: {@link Check}.
 *
 * `failures` in a row make it ill, `successes` in a row make it well. A check that takes
 * longer than `timeoutMs` has failed; its signal tells it to stop, and the next one begins
 * only when it has ended or was told so. At most `concurrency` run at a time.
 */

import type { Keyspace, Timer } from '../../client/index.js'
import { checkPositive } from '../numbers.js'
import { pause } from '../pause.js'
import type { Instance } from './instance.js'
import type { Registration } from './registration.js'
import type { Service } from './service.js'

/** Looks whether an instance serves; resolves when it does. */
export type Check = (instance: Instance, signal: AbortSignal) => Promise<unknown>

/** How often, and what counts. */
export interface CheckOptions {
  /** Rest between two checks of one instance, in milliseconds. Default 5,000. */
  readonly everyMs?: number
  /** A check that takes longer has failed, in milliseconds. Default 1,000. */
  readonly timeoutMs?: number
  /** Failures in a row that make it ill. Default 3. */
  readonly failures?: number
  /** Successes in a row that make it well again. Default 1. */
  readonly successes?: number
  /** Checks that may run at a time; the others wait for their turn. Default 16. */
  readonly concurrency?: number
}

type CheckRules = Required<CheckOptions>

/** Running checks. */
export interface Checking extends Disposable {
  /** Ends them. Idempotent. */
  close(): void
}

/**
 * Checks an instance of our own, and sets its status: `down` when it is ill, `up` when it is
 * well again. It ends by itself when the instance drains or is closed.
 *
 * @throws {ConclaveError} `invalid-argument`.
 * @example
 * const registry = new Registry(client, 'services')
 * const registration = await registry.register({ name: 'orders', address: '10.0.0.7', port: 80 })
 * const checking = checkOwn(registration, httpCheck({ path: '/healthz' }))
 */
export function checkOwn(
  registration: Registration,
  check: Check,
  options: CheckOptions = {},
): Checking {
  const untilItLeaves: Check = async (instance, signal) => {
    if (registration.leaving) rounds.close()
    else await check(instance, signal)
  }
  const rounds = new Rounds(registration.client, untilItLeaves, rulesOf(options))
  rounds.add(
    '',
    () => registration.instance,
    (healthy) => {
      // A registration that leaves refuses; it is written later if it cannot be now.
      registration.update({ status: healthy ? 'up' : 'down' }).catch(() => {})
    },
  )
  return rounds
}

/**
 * Checks all instances of a view, as they come and go; the view does not pick those that are
 * ill while it has others.
 *
 * @throws {ConclaveError} `invalid-argument`.
 */
export function checkAll(service: Service, check: Check, options: CheckOptions = {}): Checking {
  const rounds = new Rounds(service.client, check, rulesOf(options))
  const latest = new Map<string, Instance>()
  const take = (instance: Instance): void => {
    const { id } = instance
    latest.set(id, instance)
    rounds.add(
      id,
      () => latest.get(id)!,
      (healthy) => service.report(id, healthy),
    )
  }
  const drop = ({ id }: Instance): void => {
    rounds.remove(id)
    latest.delete(id)
  }
  for (const instance of service.instances()) take(instance)
  service.on('up', take).on('change', take).on('down', drop)
  rounds.onClose = () => service.off('up', take).off('change', take).off('down', drop)
  return rounds
}

/** What is known of one instance. */
interface Patient {
  readonly instance: () => Instance
  readonly report: (healthy: boolean) => void
  healthy: boolean
  /** Results in a row that say otherwise. */
  against: number
  timer: Timer | undefined
}

/** The rounds that go from instance to instance. */
class Rounds implements Checking {
  onClose: () => void = () => {}
  readonly #client: Keyspace
  readonly #check: Check
  readonly #rules: CheckRules
  readonly #patients = new Map<string, Patient>()
  readonly #stop = new AbortController()
  /** Ids whose turn it is. */
  readonly #due = new Set<string>()
  #running = 0

  constructor(client: Keyspace, check: Check, rules: CheckRules) {
    this.#client = client
    this.#check = check
    this.#rules = rules
  }

  add(id: string, instance: () => Instance, report: (healthy: boolean) => void): void {
    if (this.#patients.has(id) || this.#stop.signal.aborted) return
    const patient = { instance, report, healthy: true, against: 0, timer: undefined }
    this.#patients.set(id, patient)
    // Not all at once.
    this.#arm(id, patient, this.#rules.everyMs * this.#client.random.next())
  }

  remove(id: string): void {
    this.#patients.get(id)?.timer?.cancel()
    this.#patients.delete(id)
    this.#due.delete(id)
  }

  close(): void {
    if (this.#stop.signal.aborted) return
    this.#stop.abort()
    for (const id of [...this.#patients.keys()]) this.remove(id)
    this.onClose()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #arm(id: string, patient: Patient, ms: number): void {
    patient.timer = this.#client.clock.after(ms, () => {
      this.#due.add(id)
      this.#next()
    })
  }

  #next(): void {
    for (const id of this.#due) {
      if (this.#running >= this.#rules.concurrency) return
      this.#due.delete(id)
      const patient = this.#patients.get(id)
      if (patient !== undefined) void this.#visit(id, patient)
    }
  }

  async #visit(id: string, patient: Patient): Promise<void> {
    this.#running++
    const isWell = await this.#isWell(patient.instance())
    this.#running--
    if (this.#patients.get(id) === patient) {
      this.#judge(patient, isWell)
      if (this.#patients.get(id) === patient) this.#arm(id, patient, this.#rules.everyMs)
    }
    this.#next()
  }

  #judge(patient: Patient, isWell: boolean): void {
    patient.against = isWell === patient.healthy ? 0 : patient.against + 1
    const { failures, successes } = this.#rules
    if (patient.against < (isWell ? successes : failures)) return
    if (isWell === patient.healthy) return
    patient.healthy = isWell
    patient.against = 0
    patient.report(isWell)
  }

  async #isWell(instance: Instance): Promise<boolean> {
    const over = new AbortController()
    const signal = AbortSignal.any([over.signal, this.#stop.signal])
    const checked = Promise.resolve()
      .then(() => this.#check(instance, signal))
      .then(
        () => true,
        () => false,
      )
    const late = pause(this.#client, this.#rules.timeoutMs, signal).then(() => false)
    const isWell = await Promise.race([checked, late])
    over.abort()
    return isWell
  }
}

function rulesOf(options: CheckOptions): CheckRules {
  const defaults = { everyMs: 5_000, timeoutMs: 1_000, failures: 3, successes: 1, concurrency: 16 }
  const rules = { ...defaults, ...options }
  for (const [name, value] of Object.entries(rules)) checkPositive(value, name)
  return rules
}
