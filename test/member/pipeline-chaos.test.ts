/** A client that resumes its session wherever it can, while members die and lose sight of each other. */

import { expect, test } from '@jest/globals'
import type { Init } from '../../client/wire/codec.js'
import type { PipelineAnswer, PipelineCall } from '../../client/wire/generated/pipeline.js'
import { Lease } from '../../client/wire/methods.js'
import { SeededRandom } from '../model/random.js'
import { type Machine, MemberWorld } from '../sim/member-world.js'
import { get, RawPipeline } from './raw-pipeline.js'

const SESSION = 77n
const WRITES = 300

/** A write that is answered with what the write before it left. */
function write(sequence: number): Init<PipelineCall> {
  const key = Buffer.from('counter')
  const put = { requestPut: { key, value: Buffer.from(`${sequence}`), prevKv: true } }
  return { sequence, txn: { success: [put] } }
}

/** Sends writes and reads in turn; after a break sends what is unanswered again on another member. */
class Resuming {
  /** Oldest first. */
  unanswered: Init<PipelineCall>[] = []
  sent = 0
  acknowledged = 0
  breaks = 0
  readonly reads: { readonly after: number; readonly saw: number; readonly isResent: boolean }[] =
    []
  readonly #resentReads = new Set<Init<PipelineCall>>()
  /** Whom it talks to. */
  machine: Machine | undefined
  readonly writes = new Map<number, PipelineAnswer>()
  #pipeline: RawPipeline | undefined
  #taken = 0
  #resent = false

  constructor(
    readonly world: MemberWorld,
    readonly random: SeededRandom,
  ) {}

  /** Takes what came, and sends more: once in a while. */
  step(): void {
    this.#heed()
    const up = this.world.machines.filter(({ member }) => member !== undefined)
    if (this.#pipeline?.closed !== undefined || this.#pipeline === undefined) {
      if (this.#pipeline !== undefined) this.breaks++
      const machine = up[Math.floor(this.random.next() * up.length)]
      if (machine === undefined) return
      this.machine = machine
      this.#pipeline = new RawPipeline(this.world.client(machine), SESSION)
      this.#taken = 0
      this.#resent = false
    }
    if (this.#pipeline.welcome === undefined) return
    if (!this.#resent && this.unanswered.length > 0) {
      this.#pipeline.send(this.unanswered, this.acknowledged)
      for (const call of this.unanswered) this.#resentReads.add(call)
    }
    this.#resent = true
    const fresh: Init<PipelineCall>[] = []
    while (this.sent < WRITES && this.unanswered.length + fresh.length < 12) {
      fresh.push(write(++this.sent))
      if (this.random.next() < 0.5) fresh.push(get('counter'))
      if (this.random.next() < 0.2) break
    }
    if (fresh.length > 0) this.#pipeline.send(fresh, this.acknowledged)
    this.unanswered.push(...fresh)
  }

  get isDone(): boolean {
    return this.sent === WRITES && this.unanswered.length === 0
  }

  #heed(): void {
    const { answers } = this.#pipeline ?? { answers: [] }
    for (; this.#taken < answers.length; this.#taken++) {
      const answer = answers[this.#taken]!
      const call = this.unanswered.shift()!
      if (call.sequence === undefined) {
        const value = Buffer.from(answer.range!.kvs[0]!.value).toString()
        const isResent = this.#resentReads.has(call)
        this.reads.push({ after: this.acknowledged, saw: Number(value), isResent })
      } else {
        this.writes.set(call.sequence, answer)
        this.acknowledged = call.sequence
      }
    }
  }
}

async function misfortune({ world, random, machine }: Resuming): Promise<void> {
  const any = world.machines[Math.floor(random.next() * world.machines.length)]!
  const victim = machine !== undefined && random.next() < 0.5 ? machine : any
  const others = world.machines.filter((machine) => machine !== victim)
  const kind = random.next()
  if (kind < 0.4) {
    await world.kill(victim, kind < 0.2)
    await world.run(random.next() * 3000)
    await world.boot(victim)
  } else if (kind < 0.7) {
    const names = others.map(({ name }: Machine) => name)
    world.network.isolate(victim.name, names)
    await world.run(random.next() * 9000)
    world.network.heal()
  } else if (kind < 0.9) {
    world.network.cut(victim.name, others[0]!.name)
    await world.run(random.next() * 5000)
    world.network.heal()
  } else await world.run(random.next() * 500)
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'every write is applied once and in order, every read sees the writes before it (seed %i)',
  async (seed) => {
    const random = new SeededRandom(seed)
    const options = seed % 2 === 0 ? { snapshotCount: 20, snapshotCatchupEntries: 5 } : {}
    const world = await MemberWorld.start(3, options, seed)
    try {
      const leader = await world.leader()
      await world.answered(world.client(leader).call(Lease.leaseGrant, { ID: SESSION, TTL: 3600 }))
      const client = new Resuming(world, random)
      let over = false
      const tick = (): void => {
        client.step()
        if (!over) world.clock.after(20 + random.next() * 200, tick)
      }
      tick()
      await world.until('some answers', () => client.writes.size > 20)
      await world.kill(client.machine!)
      await world.boot(client.machine!)
      for (let i = 0; i < 12 && !client.isDone; i++) await misfortune(client)
      await world.until('all answers', () => client.isDone, 300_000)
      over = true

      const numbers = Array.from({ length: WRITES }, (_, i) => i + 1)
      expect([...client.writes.keys()]).toEqual(numbers)
      // Each write saw its predecessor's value, so all were applied once and in order.
      for (const [number, { txn }] of client.writes) {
        const before = txn?.responses[0]?.responsePut?.prevKv?.value
        expect(Buffer.from(before ?? '').toString()).toBe(number === 1 ? '' : `${number - 1}`)
      }
      for (const { after, saw, isResent } of client.reads) {
        expect(saw).toBeGreaterThanOrEqual(after)
        if (!isResent) expect(saw).toBe(after)
      }
      const { kvs } = await world.range(await world.leader(), { key: Buffer.from('counter') })
      expect(kvs[0]?.version).toBe(WRITES)
      expect(client.breaks).toBeGreaterThan(0)
      expect((await world.fingerprints()).size).toBe(1)
    } finally {
      await world.stop()
    }
  },
)
