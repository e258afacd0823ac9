/** The work of some seconds on a world of three machines, and what every judge says to it. */

import { Command } from '../../../client/wire/generated/command.js'
import { ConfigChange, type Entry, EntryType } from '../../../client/wire/generated/raft.js'
import type { Witness } from '../../../server/member/witness.js'
import type { Applied } from '../../../server/state/applied.js'
import { asWatchTrace, judgeClientWatch } from '../../check/client-watch.js'
import type { Committed } from '../../check/committed.js'
import { judgeGatherings } from '../../check/gathering-rules.js'
import { judgeGroups } from '../../check/group-rules.js'
import { judgeLeases } from '../../check/lease-rules.js'
import { judgeLocks } from '../../check/lock-rules.js'
import { type Replayed, replayLog } from '../../check/log-replay.js'
import type { Violation } from '../../check/operation.js'
import { judgePipeline, type PipelineVerdict } from '../../check/pipeline-rules.js'
import { judgeRevisions } from '../../check/revision-judge.js'
import type { Truth } from '../../check/truth.js'
import { judgeWatch, watchRules } from '../../check/watch-rules.js'
import { type Machine, World } from '../world/world.js'
import type { WorkPlan } from './work-plan.js'
import { startWorkloads, type Workloads } from './workloads.js'

/** A world with work in it, and its log. */
export class WorkBed {
  readonly world: World
  readonly workloads: Workloads
  readonly #log = new Map<number, Committed>()

  private constructor(seed: number, plan: WorkPlan) {
    this.world = new World({
      seed,
      members: 3,
      memberOptions: {},
      tuning: {},
      witness: (machine) => this.#witness(machine),
    })
    const { clock, log } = this.world
    this.workloads = startWorkloads(
      {
        clock,
        log,
        fork: (name) => this.world.fork(name),
        process: (name) => {
          const process = this.world.process(name)
          return {
            connect: (options) => process.connect(undefined, options),
            kill: () => process.kill(),
          }
        },
      },
      plan,
    )
  }

  /** Boots the machines; the clients are at work already. */
  static async start(seed: number, plan: WorkPlan): Promise<WorkBed> {
    const bed = new WorkBed(seed, plan)
    await bed.world.answered(Promise.all(bed.world.machines.map((machine) => machine.boot())))
    return bed
  }

  /** Ends the work once every watcher was told everything. */
  async end(): Promise<void> {
    const { world, workloads } = this
    workloads.stop()
    await world.answered(workloads.settled, 60_000)
    const { revision } = workloads
    const isLevel = () => workloads.behind(revision).length === 0
    await world.until('level watchers', isLevel, 30_000)
    await world.answered(workloads.close())
  }

  /** What really happened. */
  get truth(): Truth {
    return this.#replayed().truth
  }

  /** What the judge of the pipeline says. */
  get pipeline(): PipelineVerdict {
    const { operations, riding } = this.workloads
    return judgePipeline({ operations, log: this.truth.log!, riding })
  }

  /** What all judges say. Empty: nothing is wrong. */
  judge(): Violation[] {
    const { operations, material, revision } = this.workloads
    const { truth, violations } = this.#replayed()
    const committed = truth.log!
    const { watchTraces, clientWatches, leases, locks } = material
    return [
      ...material.violations,
      ...violations,
      ...judgeRevisions(operations, truth),
      ...this.pipeline.violations,
      ...watchTraces.flatMap((trace) => judgeWatch(trace, truth)),
      ...clientWatches.flatMap((record) => judgeClientWatch(record, truth)),
      ...clientWatches
        .filter(
          ({ error, left, createdRevision }) => !error && !left && createdRevision !== undefined,
        )
        .flatMap((record) => watchRules.level(asWatchTrace(record), { ...truth, revision }) ?? [])
        .map((message) => ({ rule: 'level', message })),
      ...judgeLeases({
        records: leases,
        committed,
        events: truth.events,
        rateMax: 1.05,
        rateMin: 0.95,
      }),
      ...judgeLocks(locks, operations, { events: truth.events, log: committed }),
      ...judgeGatherings(material.visits, { events: truth.events, log: committed }),
      ...judgeGroups(material.groups, truth),
    ]
  }

  #replayed(): Replayed {
    return replayLog([...this.#log.values()].sort((a, b) => a.index - b.index))
  }

  #witness({ name }: Machine): Witness {
    return {
      applied: (entry, applied) => {
        if (!this.#log.has(entry.index))
          this.#log.set(entry.index, this.#record(entry, applied, name))
      },
    }
  }

  #record(entry: Entry, applied: Applied | undefined, member: string): Committed {
    const { index, term, type, data } = entry
    const isCommand = type === EntryType.NORMAL && data.length > 0
    return {
      index,
      term,
      command: isCommand ? Command.decode(data, undefined, -1) : undefined,
      change: type === EntryType.CONFIG_CHANGE ? ConfigChange.decode(data) : undefined,
      result: applied?.result,
      overQuota: applied?.raiseNoSpace ?? false,
      atMs: this.world.clock.now(),
      member,
    }
  }
}
