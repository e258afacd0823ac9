/**
 * Groups: members who join, change and leave, some under an id that others want too, and
 * onlookers who write down what they hear.
 */

import { ConclaveError } from '../../../client/index.js'
import { GroupMembership, SessionSource } from '../../../recipes/index.js'
import type { GroupNews, GroupStay, GroupView } from '../../check/group-record.js'
import type { SeededRandom } from '../../model/random.js'
import type { Follower } from './material.js'
import type { Worker, Workload, WorkloadRow } from './worker.js'

const STAY_MS_MAX = 8_000
const JOIN_MS_MAX = 10_000
const UPDATES_MAX = 3
/** Members that never come again: their keys must not either. */
const RETIREMENT = 0.05

/** A stay whose later fields are still to be filled in. */
type Growing<T> = { -readonly [Field in keyof T]: T[Field] }

/** Somebody who looks at one group until all ends. */
class Onlooker implements Follower {
  readonly name: string
  readonly #group: GroupMembership<string>
  readonly #view: Growing<GroupView>
  #revision = 0

  constructor(worker: Worker, name: string) {
    this.name = `the view of ${name} of ${worker.process}`
    this.#group = new GroupMembership<string>(worker.client, name)
    const news: GroupNews[] = []
    this.#view = { process: worker.process, name, first: undefined, news, last: undefined }
    worker.material.groups.views.push(this.#view)
    for (const type of ['join', 'leave', 'update'] as const)
      this.#group.on(type, ({ member: { id }, revision, synthetic }) => {
        this.#revision = revision
        news.push({ type, id, revision, synthetic })
      })
  }

  isLevel(revision: number): boolean {
    return this.#view.first === undefined || this.#revision >= revision
  }

  /** A consistent read makes it as new as the store. */
  askProgress(): void {
    if (this.#view.first === undefined) return
    const reading = this.#group.ready().then(async () => {
      await this.#group.members({ consistent: true })
      this.#revision = this.#group.revision
    })
    reading.catch(() => {})
  }

  endFuture(): void {}

  /** Looks until the signal. */
  async look(signal: AbortSignal): Promise<void> {
    const list = () => {
      const { revision } = this.#group
      return { revision, ids: this.#group.members().map(({ id }) => id) }
    }
    try {
      await this.#group.ready({ signal })
      this.#view.first = list()
      // In the turn of the signal: the client is closed after it.
      await over(signal, () => {
        this.#view.last = list()
      })
    } catch (error) {
      if (!(error instanceof ConclaveError)) throw error
    } finally {
      await this.#group.close()
    }
  }
}

class Groups implements Workload {
  readonly #worker: Worker
  readonly #random: SeededRandom
  readonly #sessions: SessionSource
  readonly #looking = new Set<string>()
  #staying: Promise<void> | undefined
  #isRetired = false

  constructor(worker: Worker, random: SeededRandom) {
    this.#worker = worker
    this.#random = random
    const { leaseTtlSecondsMin, leaseTtlSecondsMax } = worker.plan
    const ttlSeconds = random.between(leaseTtlSecondsMin, leaseTtlSecondsMax)
    this.#sessions = new SessionSource(worker.client, { ttlSeconds })
    worker.keep(this.#closeAtTheEnd())
  }

  async step(): Promise<void> {
    const name = `team/${this.#random.between(1, this.#worker.plan.locks)}`
    if (!this.#looking.has(name) && this.#random.chance(0.3)) {
      this.#looking.add(name)
      this.#worker.keepOpen(this.#look(name))
    } else if (this.#staying === undefined && !this.#isRetired) {
      this.#isRetired = this.#random.chance(RETIREMENT)
      this.#staying = this.#stay(name).finally(() => {
        this.#staying = undefined
      })
      this.#worker.keep(this.#staying)
    }
  }

  async #closeAtTheEnd(): Promise<void> {
    await over(this.#worker.stopping)
    await this.#staying
    await this.#sessions.close()
  }

  async #look(name: string): Promise<void> {
    const { closing, material } = this.#worker
    const onlooker = new Onlooker(this.#worker, name)
    material.followers.add(onlooker)
    await onlooker.look(closing).finally(() => material.followers.delete(onlooker))
  }

  async #stay(name: string): Promise<void> {
    const { client, process, recorder, material, stopping } = this.#worker
    const isAlone = this.#random.chance(0.7)
    const memberId = isAlone ? process : 'anybody'
    const takeOver = this.#random.chance(0.3)
    const options = { memberId, sessions: this.#sessions, takeOver }
    const group = new GroupMembership<string>(client, name, options)
    const present: GroupStay['present'][number][] = []
    const key = `${name}/${memberId}`
    const asked = recorder.mark()
    const stay: Growing<GroupStay> = { process, key, isAlone, asked, present, left: undefined }
    material.groups.stays.push(stay)
    group.on('present', ({ fencingToken: token }) => {
      present.push({ moment: recorder.mark(), token })
    })
    try {
      await this.#live(group, stopping)
    } finally {
      await group.close().then(
        () => {
          stay.left = recorder.mark()
        },
        (error: unknown) => {
          if (!(error instanceof ConclaveError)) throw error
        },
      )
    }
  }

  /** Joins, changes a few times, and goes when it has enough. */
  async #live(group: GroupMembership<string>, signal: AbortSignal): Promise<void> {
    const timeoutMs = this.#random.between(100, JOIN_MS_MAX)
    try {
      await group.join(this.#worker.unique(), { signal, timeoutMs })
      for (let i = this.#random.between(0, UPDATES_MAX); i >= 0 && !signal.aborted; i--) {
        await this.#worker.sleep(this.#random.between(0, STAY_MS_MAX / UPDATES_MAX))
        await group.update(this.#worker.unique(), { signal, timeoutMs })
      }
    } catch (error) {
      if (!(error instanceof ConclaveError)) throw error
    }
  }
}

/** Resolves when the signal has fired, and `last` was done in its turn. */
function over(signal: AbortSignal, last: () => void = () => {}): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      last()
      resolve()
    }
    if (signal.aborted) finish()
    else signal.addEventListener('abort', finish, { once: true })
  })
}

/** See the head of the file. */
export const groups: WorkloadRow = {
  usualWeight: 2,
  make: (worker, random) => new Groups(worker, random),
}
