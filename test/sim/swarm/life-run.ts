/**
 * How one life goes:
 *
 *     found -> clients work while faults happen -> all harm ends: what is owed must come
 *           -> the work ends -> members are compared -> every judge is asked
 *
 * The first broken promise ends it. Where the plan exceeds what members promise to survive,
 * only what is owed even then is judged.
 */

import type { ConnectOptions } from '../../../client/index.js'
import { compareMembers } from '../../check/agreement.js'
import type { Calm } from '../../check/lease-rules.js'
import { measureOverlap } from '../../check/lock-rules.js'
import type { Violation } from '../../check/operation.js'
import type { PipelineVerdict } from '../../check/pipeline-rules.js'
import { judgeSafeHalt } from '../../check/safe-halt.js'
import { startWorkloads, type Workloads } from '../workloads/workloads.js'
import { takeOffence } from '../world/banned.js'
import { World } from '../world/world.js'
import { Clocks } from './clocks.js'
import { startFaults } from './driver.js'
import type { Episodes } from './episodes.js'
import { fedWith, fedWithSessions } from './fed.js'
import { Fleet } from './fleet.js'
import { layOut } from './geography.js'
import { judge } from './judging.js'
import type { Life, LiveOptions } from './life.js'
import { Liveness, NotLive } from './liveness.js'
import { networkHarm } from './network-faults.js'
import { Onlookers } from './onlookers.js'
import type { Plan } from './plan.js'
import { SpaceKeeper } from './space.js'
import { leasesExpired, longestSilence, membershipChanges } from './tally.js'
import { Verdict } from './verdict.js'

/** How often somebody looks whether a judge has spoken, in milliseconds of simulated time. */
const LOOK_MS = 100
/** Most time for ends that must come: of episodes, of clients, of hashes. */
const ENDING_MS = 120_000
/** Clients know so many machines that may join later. */
const JOINERS_KNOWN = 4

/** What is left of a cluster beyond its promise is looked at for so long. */
const AFTERMATH_MS = 10_000

/** See the head of the file. */
export class LifeRun {
  readonly #plan: Plan
  readonly #onlookers: Onlookers
  readonly #world: World
  readonly #verdict: Verdict
  readonly #fleet: Fleet
  readonly #clocks: Clocks
  #workloads: Workloads | undefined
  #episodes: Episodes | undefined
  #silenceMs = 0
  #pipeline: PipelineVerdict | undefined

  constructor(plan: Plan, options: LiveOptions) {
    this.#plan = plan
    this.#onlookers = new Onlookers(() => this.#world.clock.now())
    this.#world = new World({
      seed: plan.seed,
      members: plan.members,
      memberOptions: plan.member,
      tuning: plan.tuning,
      witness: (machine) => this.#onlookers.witness(machine),
    })
    this.#world.log.onLine = options.onLine
    this.#verdict = new Verdict(this.#world.log)
    this.#clocks = new Clocks(this.#world, plan)
    this.#fleet = new Fleet(this.#world, {
      onNew: () => this.#settleIn(),
      onUp: ({ machine }) => this.#onlookers.turned('started', machine),
      onEnd: (seat, reason, isExcused) => this.#ended(seat.name, reason, isExcused),
      onCrash: (error) => this.#verdict.crash(error),
    })
  }

  async run(): Promise<Life> {
    try {
      await this.#live()
    } catch (error) {
      this.#convictOffence()
      if (error instanceof NotLive)
        this.#verdict.convict({ rule: 'liveness', message: error.message })
      else this.#verdict.crash(error)
    }
    await this.#world.stop().catch((error: unknown) => this.#verdict.crash(error))
    this.#convictOffence()
    return this.#report()
  }

  async #live(): Promise<void> {
    this.#settleIn()
    await this.#world.answered(this.#fleet.found())
    const workloads = this.#startWork()
    const space = new SpaceKeeper(this.#fleet, workloads.recorder, (error) =>
      this.#verdict.crash(error),
    )
    space.begin()
    this.#settleIn()
    const fromMs = this.#world.clock.now()
    this.#episodes = startFaults(this.#fleet, this.#plan, (error) => this.#verdict.crash(error))
    await this.#pass(this.#plan.safetyMs)
    this.#silenceMs = longestSilence(workloads.operations, fromMs, this.#world.clock.now())
    if (this.#isConvicted()) return
    this.#world.log.say('life', 'the phase of faults is over')
    await this.#world.answered(this.#episodes.end(), ENDING_MS)
    this.#world.network.healAll()
    this.#fleet.hurry()
    const calm = isOwed(this.#plan) ? await this.#liveness(workloads) : await this.#aftermath()
    space.stop()
    workloads.stop()
    await this.#world.answered(workloads.close(), ENDING_MS)
    this.#fleet.stop()
    if (!this.#isConvicted()) await this.#judge(workloads, calm)
  }

  async #liveness(workloads: Workloads): Promise<Calm | undefined> {
    const liveness = new Liveness(this.#fleet, this.#plan, workloads, () => this.#isConvicted())
    return liveness.run()
  }

  /** Clients find out what is left; nothing is owed. */
  async #aftermath(): Promise<undefined> {
    await this.#pass(AFTERMATH_MS)
  }

  #startWork(): Workloads {
    const world = this.#world
    const known = this.#plan.members + JOINERS_KNOWN
    const endpoints = Array.from({ length: known }, (_, i) => `http://127.0.0.1:${1001 + i}`)
    const hasJoiners = this.#plan.faults.addVoter !== null || this.#plan.faults.addLearner !== null
    const reach = hasJoiners ? endpoints : endpoints.slice(0, this.#plan.members)
    const workWorld = {
      clock: world.clock,
      log: world.log,
      fork: (name: string) => world.fork(name),
      process: (name: string) => {
        const process = world.process(name)
        this.#settleIn()
        return {
          connect: (options: Partial<ConnectOptions>) => process.connect(reach, options),
          kill: () => process.kill(),
        }
      },
    }
    this.#workloads = startWorkloads(workWorld, this.#plan.work)
    return this.#workloads
  }

  /** Distances and clocks of those that are new. */
  #settleIn(): void {
    layOut(this.#world, this.#plan.links)
    this.#clocks.setAll()
    for (const { device } of this.#world.machines) {
      device.callMsMean = this.#plan.disks.callMsMean
      device.syncMsMean = this.#plan.disks.syncMsMean
    }
  }

  /** Lets time pass until a judge speaks. */
  async #pass(ms: number): Promise<void> {
    const endMs = this.#world.clock.now() + ms
    while (!this.#isConvicted() && this.#world.clock.now() < endMs) await this.#world.run(LOOK_MS)
  }

  #isConvicted(): boolean {
    this.#convictOffence()
    if (isOwed(this.#plan)) this.#verdict.convict(this.#onlookers.violation)
    return this.#verdict.broken !== undefined
  }

  /** Whoever asks the real machine ends the life, even when the refusal was caught. */
  #convictOffence(): void {
    const offence = takeOffence()
    if (offence !== undefined)
      this.#verdict.convict({ rule: 'banned global', message: offence.message })
  }

  #ended(member: string, reason: Error, isExcused: boolean): void {
    this.#convictOffence()
    this.#onlookers.ends.push({ member, reason })
    if (!isExcused && isOwed(this.#plan))
      this.#verdict.convict({ rule: 'ended itself', message: `${member}: ${reason.message}` })
  }

  async #judge({ operations, material, riding }: Workloads, calm: Calm | undefined): Promise<void> {
    const { committed, turns, ends } = this.#onlookers
    if (isOwed(this.#plan)) {
      this.#verdict.convict(await this.#compare())
      const stood = (name: string, ms: number) =>
        this.#world.processes.some((one) => one.name === name && one.stoodAt(ms))
      const history = { committed, operations, material, riding, ends, calm, stood }
      const evidence = { plan: this.#plan, ...history }
      const { violation, pipeline } = judge(evidence)
      this.#pipeline = pipeline
      this.#verdict.convict(violation)
    } else this.#verdict.convict(judgeSafeHalt({ operations, turns, ends })[0])
  }

  /** All members that are up must have the same. */
  async #compare(): Promise<Violation | undefined> {
    const members = this.#fleet.current.flatMap(({ name, machine: { member } }) =>
      member === undefined ? [] : [{ name, machine: member.machine }],
    )
    const [different] = await this.#world.answered(compareMembers(members), ENDING_MS)
    return different
  }

  #report(): Life {
    const { log, clock } = this.#world
    const { committed, leaders } = this.#onlookers
    const { broken } = this.#verdict
    const work = this.#workloads
    return {
      seed: this.#plan.seed,
      ...(broken && { violation: broken }),
      lastEvents: log.lines,
      logHash: log.hash,
      logLines: log.count,
      simulatedMs: clock.now(),
      operations: work?.operations.length ?? 0,
      faults: { ...this.#episodes?.counts, ...networkHarm(this.#world) },
      material: {
        ...(work && fedWith(work.operations, work.material)),
        ...fedWithSessions(this.#onlookers, this.#pipeline),
      },
      lockOverlap: measureOverlap(work?.material.locks.grants ?? []),
      leasesExpired: leasesExpired(committed),
      leaderChanges: Math.max(0, leaders - 1),
      membershipChanges: membershipChanges(committed),
      longestUnavailableMs: this.#silenceMs,
      commands: committed.filter(({ command }) => command !== undefined).length,
    }
  }
}

/** Whether everything is owed that is promised. */
function isOwed({ beyondPromise }: Plan): boolean {
  return beyondPromise === null
}
