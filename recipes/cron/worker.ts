/**
 * A node at work: looks at lanes when something changed or is due, decides, takes the step,
 * and runs what it has claimed.
 *
 *     a change, a time -> beat -> for each lane that is due: decide -> claim -> run
 *                                         ^                                     |
 *                                         +---- the watch shows what it wrote --+
 *
 * Of those who may work in a lane, the first in its order does so at once. The others see
 * the same, and stand in when the same step has been open for `standInMs`, times their
 * rank: then the first is slow, stopped, or cut off, and need not be waited for until its
 * lease ends.
 *
 * Times of ticks are wall times. The worker looks at the wall clock once a second at least,
 * so a clock that is stepped is noticed as fast.
 */

import { ConclaveError, type Keyspace, type Timer, type TypedEvents } from '../../client/index.js'
import type { Session } from '../session.js'
import { SessionSource } from '../session-source.js'
import { type Claimant, takeStep } from './claim.js'
import { decide } from './decide.js'
import { type CronEvents, tellStep } from './events.js'
import { type CronKeys, type KeyParts, type LaneId, laneName, laneOf, WHOLE_GROUP } from './keys.js'
import { viewOf } from './lane-view.js'
import { LaneWork } from './lane-work.js'
import { LiveView } from './live-view.js'
import { Membership } from './membership.js'
import { Placement } from './placement.js'
import type { NodeTags } from './records.js'
import { STOP_MS } from './run.js'
import type { JobHandler } from './run-context.js'
import { RunDesk } from './run-desk.js'
import type { LaneView, Step } from './step.js'

/** How a worker works. */
export interface WorkerOptions {
  readonly node: string
  readonly tags: NodeTags
  readonly ttlSeconds: number
  readonly standInMs: number
  readonly handlers: ReadonlyMap<string, JobHandler>
  readonly events: TypedEvents<CronEvents>
}

/** Longest time between two looks at the clock, in milliseconds. */
const BEAT_MS_MAX = 1_000
/** When a step was refused or failed: the next look if nothing changes before. */
const REFUSED_MS = 200
const FAILED_MS = 1_000
/** The wall clock was stepped when it went otherwise than the monotonic one by more. */
const STEP_MS = 500

const FOREVER = Number.POSITIVE_INFINITY

/** See the head of the file. */
export class Worker {
  readonly #client: Keyspace
  readonly #keys: CronKeys
  readonly #options: WorkerOptions
  readonly #sources: SessionSource
  readonly #view: LiveView
  readonly #membership: Membership
  readonly #desk: RunDesk
  readonly #lanes = new Map<string, LaneWork>()
  readonly #onReady: { resolve: () => void; reject: (error: unknown) => void }[] = []
  #failure: { readonly error: unknown } | undefined
  /** As of the index; undefined when that has changed. */
  #placement: Placement | undefined
  /** The session that the node is registered with, and as of when. */
  #session: Session | undefined
  #registeredAt = 0
  #timer: Timer | undefined
  #isBeatDue = false
  #isClaiming = true
  /** Wall clock less monotonic clock, at the last beat. */
  #wallOffsetMs: number

  /** Begins at once. */
  constructor(client: Keyspace, keys: CronKeys, options: WorkerOptions) {
    const { node, tags, ttlSeconds, handlers, events } = options
    this.#client = client
    this.#keys = keys
    this.#options = options
    const sinceMs = client.clock.wall()
    this.#wallOffsetMs = sinceMs - client.clock.now()
    this.#desk = new RunDesk(client, {
      ...{ handlers, events },
      onEnd: (run, revision) => this.#wrote(this.#lane(run.open), revision),
    })
    const failed = (error: unknown) => events.emit('error', error)
    this.#view = new LiveView(client, keys, { changed: (parts) => this.#changed(parts), failed })
    this.#sources = new SessionSource(client, { ttlSeconds, owner: node })
    const record = () => ({ node, tags, handlers: [...handlers.keys()].sort(), sinceMs })
    this.#membership = new Membership(this.#sources, keys, record, {
      registered: (session, revision) => this.#registered(session, revision),
      failed,
    })
    this.#membership.run().catch((error) => this.#fail(error))
  }

  /** Resolves when the node is registered and sees the group; rejects when it never can. */
  started(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error)
    return new Promise((resolve, reject) => {
      this.#onReady.push({ resolve, reject })
      this.#wake()
    })
  }

  /** Handlers have come: the others are told. */
  handlersChanged(): Promise<void> {
    return this.#membership.put()
  }

  /** Claims no more, waits for what runs, tells it to end, and takes part no more. */
  async stop(drainMs: number): Promise<void> {
    this.#isClaiming = false
    const stopped = new ConclaveError('closed', 'This cron was stopped; make a new one.')
    for (const { reject } of this.#onReady.splice(0)) reject(stopped)
    const leaving = this.#membership.leave()
    await this.#settled(drainMs)
    this.#desk.stop()
    await this.#settled(STOP_MS + FAILED_MS)
    await leaving
    this.#timer?.cancel()
    this.#view.close()
    await this.#sources.close()
    this.#timer?.cancel()
  }

  #fail(error: unknown): void {
    this.#failure = { error }
    this.#options.events.emit('error', error)
    for (const { reject } of this.#onReady.splice(0)) reject(error)
  }

  /** Resolves when nothing runs or is being written here, or the time is over. */
  async #settled(ms: number): Promise<void> {
    const { clock } = this.#client
    const endMs = clock.now() + ms
    const isBusy = () =>
      this.#desk.runs.length > 0 || [...this.#lanes.values()].some(({ writing }) => writing > 0)
    while (isBusy() && clock.now() < endMs) {
      let timer: Timer | undefined
      const over = new Promise<void>((resolve) => {
        timer = clock.after(Math.min(endMs - clock.now(), REFUSED_MS), resolve)
      })
      const ends = this.#desk.runs.map(({ done }) => done)
      await Promise.race(ends.length === 0 ? [over] : [over, Promise.all(ends)])
      timer?.cancel()
    }
  }

  #registered(session: Session | undefined, revision: number): void {
    const isNew = session !== this.#session
    this.#session = session
    this.#registeredAt = revision
    if (isNew) this.#options.events.emit('member', { registered: session !== undefined })
    this.#dirtyAll()
    this.#wake()
  }

  #changed(parts: KeyParts | undefined): void {
    const kind = parts?.kind
    if (kind === undefined || kind === 'members') this.#placement = undefined
    if (this.#placement === undefined || parts?.name === WHOLE_GROUP) this.#dirtyAll()
    else if (kind === 'jobs' || kind === 'paused') this.#dirtyJob(parts!.name)
    else this.#lane(laneOf(parts!.name)).isDirty = true
    this.#wake()
  }

  /** A job has come, changed or gone, or was paused: what is known of others holds. */
  #dirtyJob(name: string): void {
    const { index } = this.#view
    this.#placement!.place(name)
    for (const id of this.#placement!.lanesOf(name)) this.#lane(id)
    for (const { id } of index.lanes.values()) if (id.job === name) this.#lane(id)
    for (const [key, lane] of this.#lanes) {
      if (lane.id.job !== name) continue
      lane.isDirty = true
      if (lane.writing === 0 && !index.jobs.has(name)) this.#lanes.delete(key)
    }
  }

  #dirtyAll(): void {
    for (const lane of this.#lanes.values()) lane.isDirty = true
  }

  /** Beats soon: once for all that changes in a turn. */
  #wake(): void {
    if (this.#isBeatDue) return
    this.#isBeatDue = true
    this.#client.clock.soon(() => {
      this.#isBeatDue = false
      this.#beat()
    })
  }

  #beat(): void {
    this.#timer?.cancel()
    if (this.#client.closed) return
    const { clock } = this.#client
    const [wallMs, nowMs] = [clock.wall(), clock.now()]
    this.#noticeStep(wallMs - nowMs)
    let nextMs = BEAT_MS_MAX
    if (this.#isReady()) {
      for (const lane of this.#lanes.values()) {
        if (lane.isDue(wallMs, nowMs)) this.#look(lane, wallMs, nowMs)
        nextMs = Math.min(nextMs, lane.wallMs - wallMs, lane.nowMs - nowMs)
      }
    }
    this.#timer = clock.after(Math.max(0, nextMs), () => this.#beat())
  }

  /** Is the node registered, and does it see so? */
  #isReady(): boolean {
    const { index, revision } = this.#view
    if (!this.#session?.alive || revision === 0 || revision < this.#registeredAt) return false
    const isMember = index.members.has(this.#options.node)
    // Somebody has deleted the key, or an earlier life of this node has taken it along.
    if (!isMember && this.#isClaiming)
      this.#membership.put().catch((error) => this.#options.events.emit('error', error))
    if (!isMember && this.#isClaiming) return false
    if (this.#placement === undefined) this.#takeStock()
    for (const { resolve } of this.#onReady.splice(0)) resolve()
    return true
  }

  #takeStock(): void {
    const { index } = this.#view
    this.#placement = new Placement(index)
    for (const id of this.#placement.lanes) this.#lane(id).isDirty = true
    for (const name of index.lanes.keys()) this.#lane(laneOf(name)).isDirty = true
    for (const [name, { id, writing }] of this.#lanes)
      if (writing === 0 && !index.jobs.has(id.job)) this.#lanes.delete(name)
  }

  #look(lane: LaneWork, wallMs: number, nowMs: number): void {
    lane.sleep(FOREVER, FOREVER)
    const isWriting = lane.writing > 0 || this.#desk.isEndingIn(laneName(lane.id))
    if (isWriting || this.#view.revision < lane.afterRevision) {
      lane.isDirty = true
      return
    }
    const view = viewOf(this.#view.index, this.#placement!, lane.id)
    if (view === undefined) return
    this.#desk.tend(this.#claimant(), this.#session!, view, wallMs)
    const rank = this.#orderOf(lane.id).indexOf(this.#options.node)
    if (rank < 0 || !this.#isClaiming) return
    const verdict = decide(view, wallMs)
    if (typeof verdict === 'number') {
      lane.closed()
      lane.sleep(verdict, FOREVER)
      return
    }
    const openSinceMs = lane.opened(view.state?.modRevision ?? 0, nowMs)
    const atMs = openSinceMs + rank * this.#options.standInMs
    if (nowMs < atMs) lane.sleep(FOREVER, atMs)
    else void this.#take(lane, view, verdict)
  }

  async #take(lane: LaneWork, view: LaneView, step: Step): Promise<void> {
    const session = this.#session!
    const { clock } = this.#client
    lane.writing++
    try {
      const taken = await takeStep(this.#claimant(), session, view, step)
      if (taken?.done) {
        this.#wrote(lane, taken.revision)
        tellStep(this.#options.events, lane.id, step)
        this.#desk.noteStep(this.#claimant(), step)
        if (step.kind === 'start')
          this.#desk.begin(this.#claimant(), session, step.open!, taken.revision)
      } else lane.sleep(FOREVER, clock.now() + REFUSED_MS)
    } catch (error) {
      lane.sleep(FOREVER, clock.now() + FAILED_MS)
      this.#options.events.emit('error', error)
    } finally {
      lane.writing--
      this.#wake()
    }
  }

  /** What we wrote must be seen before the next decision. */
  #wrote(lane: LaneWork, revision: number): void {
    lane.afterRevision = Math.max(lane.afterRevision, revision)
    lane.isDirty = true
    this.#wake()
  }

  /** Who works in a lane; in one that nobody works in, who cleans up. */
  #orderOf(id: LaneId): readonly string[] {
    const workers = this.#placement!.workersOf(id)
    return workers.length > 0 ? workers : this.#placement!.eligibleFor(id.job)
  }

  #claimant(): Claimant {
    const { node } = this.#options
    const { index } = this.#view
    const placement = () => this.#placement ?? new Placement(index)
    // A run that ends later decides on what is placed then, as on what is there then.
    return {
      ...{ keys: this.#keys, node, index },
      get placement() {
        return placement()
      },
    }
  }

  #lane(id: LaneId): LaneWork {
    const name = laneName(id)
    let lane = this.#lanes.get(name)
    if (lane === undefined) {
      lane = new LaneWork({ job: id.job, lane: id.lane })
      this.#lanes.set(name, lane)
    }
    return lane
  }

  #noticeStep(offsetMs: number): void {
    const byMs = offsetMs - this.#wallOffsetMs
    this.#wallOffsetMs = offsetMs
    if (Math.abs(byMs) <= STEP_MS) return
    this.#dirtyAll()
    this.#options.events.emit('clockStepped', { byMs })
  }
}
