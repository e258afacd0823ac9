/**
 * Many mutexes on a bad day: links are cut, answers are lost, requests arrive late,
 * processes stand still, leaders die. What must hold on every seed:
 *
 * - tokens strictly increase in the order of grants;
 * - whoever is granted the lock is the only one that believes, when asked, to hold it;
 * - a resource behind `guard()` never takes a write with a smaller token than before;
 * - when the weather clears, everybody gets the lock, and no key is left behind while
 *   all sessions are alive.
 */

import { describe, expect, test } from '@jest/globals'
import { op } from '../client/index.js'
import { SeededRandom } from '../test/model/random.js'
import { type Fate, RecipeWorld, type Worker } from '../test/sim/recipe-world.js'
import { type Lock, Mutex, Session } from './index.js'

const SEEDS = 12
const STORM_MS = 60_000
/** Time for everybody to have a turn in good weather: some leases may have to run out. */
const CALM_MS = 30_000
const FATES: readonly Fate[] = ['answerLost', 'arrivesLate', 'held']

class Storm {
  readonly #world: RecipeWorld
  readonly #random: SeededRandom
  readonly #workers: Worker[] = []
  /** Every lock that was ever granted. */
  readonly locks: Lock[] = []
  /** What must not be. */
  readonly wrong: string[] = []
  #raging = true
  /** Requests that are still on their way, and how to let them go on. */
  #underWay: { readonly fate: Fate; readonly go: () => Promise<void> }[] = []

  constructor(world: RecipeWorld, seed: number) {
    this.#world = world
    this.#random = new SeededRandom(seed)
  }

  async run(): Promise<void> {
    const names = ['a', 'b', 'c', 'd']
    for (const name of names) this.#workers.push(this.#world.worker(name))
    const working = Promise.all(this.#workers.map((worker) => this.#work(worker)))
    const endMs = this.#world.now + STORM_MS
    while (this.#world.now < endMs) await this.#weather()
    this.#raging = false
    this.#clear()
    await this.#world.settle(working)
  }

  /** Comes and goes; with a new session whenever the old one is lost. */
  async #work(worker: Worker): Promise<void> {
    const { client } = worker
    for (;;) {
      try {
        const session = await Session.create(client, { ttlSeconds: 6, timeoutMs: 2_000 })
        const mutex = new Mutex(session, 'm')
        while (this.#raging && session.alive) await this.#turn(mutex, worker)
        // The last one stays open: what it left behind would be in the others' way for ever.
        if (session.alive) return await this.#calm(mutex)
        await session.close()
      } catch {
        await this.#pause(worker, 200)
      }
    }
  }

  async #turn(mutex: Mutex, worker: Worker): Promise<void> {
    const timeoutMs = 50 + this.#random.next() * 4_000
    const lock =
      this.#random.next() < 0.2
        ? await mutex.tryAcquire({ timeoutMs }).catch(() => undefined)
        : await mutex.acquire({ timeoutMs }).catch(() => undefined)
    if (lock === undefined) return this.#pause(worker, 100)
    this.#granted(lock)
    await this.#pause(worker, this.#random.next() * 1_000)
    await worker.client
      .txn()
      .if(...lock.guard())
      .then(op.put('resource', String(lock.fencingToken)))
      .commit()
      .catch(() => {})
    await lock.release().catch(() => {})
  }

  #granted(lock: Lock): void {
    const before = this.locks.at(-1)
    this.locks.push(lock)
    if (before !== undefined && before.fencingToken >= lock.fencingToken)
      this.wrong.push(`token ${lock.fencingToken} after ${before.fencingToken}`)
    const believers = this.locks.filter(({ held }) => held)
    if (believers.length > 1) this.wrong.push(`${believers.length} hold it`)
  }

  /** The weather is good: everybody has one more turn. */
  #calm(mutex: Mutex): Promise<void> {
    return mutex.using((lock) => this.#granted(lock), { timeoutMs: CALM_MS })
  }

  async #weather(): Promise<void> {
    const worker = this.#workers[Math.floor(this.#random.next() * this.#workers.length)]!
    const kind = this.#random.next()
    if (kind < 0.5) {
      const fate = FATES[Math.floor(this.#random.next() * FATES.length)]!
      void worker.doom('Txn', fate).then((go) => this.#underWay.push({ fate, go }))
    } else if (kind < 0.65) this.#world.cut(worker)
    else if (kind < 0.8) this.#world.heal()
    else if (kind < 0.9) worker.clock.pause()
    else for (const { clock } of this.#workers) clock.resume()
    await this.#world.run(this.#random.next() * 2_000)
    if (this.#random.next() < 0.4) this.#arrive(this.#underWay.shift())
  }

  #clear(): void {
    this.#world.heal()
    for (const { clock } of this.#workers) clock.resume()
    for (const worker of this.#workers) worker.pardon()
    for (const one of this.#underWay) if (one.fate === 'held') this.#arrive(one)
  }

  /** Let what its sender gave up long ago arrive at last. */
  async arriveLate(): Promise<void> {
    for (const one of this.#underWay) this.#arrive(one)
    await this.#world.run(500)
  }

  #arrive(one: { readonly go: () => Promise<void> } | undefined): void {
    void one?.go().catch(() => {})
  }

  #pause(worker: Worker, ms: number): Promise<void> {
    return new Promise((resolve) => worker.clock.after(ms, resolve))
  }
}

/** The tokens by which the resource was written, from its history. */
async function writes(world: RecipeWorld): Promise<number[]> {
  const { client } = world.worker('judge')
  const watcher = client.watch('resource', { startRevision: 1 })
  const seen: number[] = []
  const last = await world.settle(client.kv.get('resource'))
  if (last === null) return seen
  const reading = (async () => {
    for await (const { kv } of watcher) {
      seen.push(Number(kv.text()))
      if (kv.modRevision === last.modRevision) return
    }
  })()
  await world.settle(reading)
  return seen
}

describe('mutexes in a storm', () => {
  test.each(Array.from({ length: SEEDS }, (_, i) => i + 1))('seed %i', async (seed) => {
    const world = await RecipeWorld.start()
    try {
      const storm = new Storm(world, seed)
      await storm.run()
      expect(storm.wrong).toEqual([])
      const tokens = await writes(world)
      expect(tokens).toEqual([...tokens].sort((a, b) => a - b))
      expect(new Set(tokens).size).toBe(tokens.length)
      // A storm in which nobody ever held anything proves nothing.
      expect(storm.locks.length).toBeGreaterThan(10)
      await storm.arriveLate()
      expect((await world.keys()).filter((key) => key.startsWith('m/'))).toEqual([])
    } finally {
      await world.stop()
    }
  })
})
