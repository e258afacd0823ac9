/**
 * Ten minutes of bad weather for three nodes and three jobs every second: links are cut,
 * answers are lost, requests arrive late, nodes stand still, die and come again, clocks are
 * stepped, leaders die. On every seed the judge must find nothing: no tick twice, none at
 * the same time as another of its job, no gap beyond the window; and when the weather
 * clears all jobs run again and nothing is left behind.
 */

import { describe, expect, test } from '@jest/globals'
import { judgeCron } from '../../test/check/cron-rules.js'
import { SeededRandom } from '../../test/model/random.js'
import { type CronNode, CronWorld } from '../../test/sim/cron-world.js'
import type { Fate } from '../../test/sim/recipe-world.js'

const SEEDS = Number(process.env['CRON_STORM_SEEDS'] ?? 2)
const FIRST_SEED = Number(process.env['CRON_STORM_FIRST'] ?? 1)
const STORM_MS = 600_000
const CALM_MS = 30_000
const STEP_MS_MAX = 3_000
const FATES: readonly Fate[] = ['answerLost', 'arrivesLate', 'held']
const JOBS = { quick: 0, half: 500, long: 2_300 }

/** One ask of a handler whether its run is its own; tells the judge until when it was. */
const LOOK_MS = 50

class Storm {
  readonly #world: CronWorld
  readonly #random: SeededRandom
  readonly #nodes: CronNode[] = []
  readonly heldUntilMs = new Map<number, number>()
  #lives = 0
  #underWay: { readonly fate: Fate; readonly go: () => Promise<void> }[] = []

  constructor(world: CronWorld, seed: number) {
    this.#world = world
    this.#random = new SeededRandom(seed)
  }

  async run(): Promise<void> {
    for (let i = 0; i < 3; i++) this.#nodes.push(this.#born())
    const [first] = this.#nodes
    for (const job of Object.keys(JOBS))
      await this.#world.put(first!, { name: job, schedule: '* * * * * *' })
    const endMs = this.#world.now + STORM_MS
    while (this.#world.now < endMs) await this.#weather()
    this.#clear()
    await this.#world.run(CALM_MS)
  }

  async calm(): Promise<void> {
    for (const { cron } of this.#nodes) await this.#world.settle(cron.stop())
  }

  #born(): CronNode {
    const node = this.#world.node(`n${++this.#lives}`)
    for (const [job, ms] of Object.entries(JOBS))
      node.cron.handle(job, (context) =>
        this.#world.record(node.worker, context, async () => {
          const endMs = this.#world.now + ms
          do {
            if (!context.held) return
            this.heldUntilMs.set(context.fencingToken, this.#world.now)
            await this.#world.sleep(node.worker, Math.min(ms, LOOK_MS), context.signal)
          } while (this.#world.now < endMs)
        }),
      )
    void node.cron.start().catch(() => {})
    return node
  }

  async #weather(): Promise<void> {
    const at = Math.floor(this.#random.next() * this.#nodes.length)
    const node = this.#nodes[at]!
    const { worker } = node
    const kind = this.#random.next()
    if (kind < 0.4) {
      const fate = FATES[Math.floor(this.#random.next() * FATES.length)]!
      void worker.doom('Txn', fate).then((go) => this.#underWay.push({ fate, go }))
    } else if (kind < 0.5) this.#world.cut(worker)
    else if (kind < 0.7) this.#world.heal()
    else if (kind < 0.78) worker.clock.pause()
    else if (kind < 0.88) for (const one of this.#nodes) one.worker.clock.resume()
    else if (kind < 0.94) worker.clock.stepWall((this.#random.next() - 0.5) * 2 * STEP_MS_MAX)
    else if (kind < 0.97) {
      this.#world.kill(worker)
      this.#nodes[at] = this.#born()
    } else await this.#loseLeader()
    await this.#world.run(this.#random.next() * 3_000)
    if (this.#random.next() < 0.5) this.#arrive(this.#underWay.shift())
  }

  async #loseLeader(): Promise<void> {
    const leader = await this.#world.members.leader()
    await this.#world.members.kill(leader)
    await this.#world.run(2_000)
    await this.#world.members.boot(leader)
  }

  #clear(): void {
    this.#world.heal()
    for (const { worker } of this.#nodes) {
      worker.clock.resume()
      worker.pardon()
    }
    for (const one of this.#underWay) this.#arrive(one)
  }

  #arrive(one: { readonly go: () => Promise<void> } | undefined): void {
    void one?.go().catch(() => {})
  }
}

describe('cron in a storm', () => {
  test.each(Array.from({ length: SEEDS }, (_, i) => FIRST_SEED + i))(
    'seed %i',
    async (seed) => {
      const world = await CronWorld.start(3)
      try {
        const storm = new Storm(world, seed)
        const fromMs = world.now
        await storm.run()
        const calls = world.calls.map(({ context: _context, endMs: _endMs, ...call }) => ({
          ...call,
          heldUntilMs: storm.heldUntilMs.get(call.fencingToken) ?? 0,
        }))
        expect(judgeCron(calls, {}).slice(0, 5)).toEqual([])
        // In good weather all run again, at most as late as clocks were ahead of each other.
        const due = { fromMs: world.now - CALM_MS / 2, toMs: world.now }
        expect(judgeCron(calls, { due, gapMs: 6_000 }).slice(0, 5)).toEqual([])
        expect(calls.length).toBeGreaterThan((world.now - fromMs) / 1_000)
        await storm.calm()
        const left = (await world.keys()).filter((key) => /\/(open|runs|members)\//.test(key))
        expect(left).toEqual([])
      } finally {
        await world.stop()
      }
    },
    120_000,
  )
})
