/**
 * Sessions against a plain model: batches that come twice, overlap, leave gaps, or mean a
 * lease that is gone; leases that end in between; restarts, crashes and snapshots. Every
 * call is applied at most once and in order, and its first answer stays its answer.
 */

import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { encodeBytes } from '../../client/wire/codec.js'
import { PipelineCall } from '../../client/wire/generated/pipeline.js'
import { CallGenerator } from '../../test/model/generate.js'
import { SeededRandom } from '../../test/model/random.js'
import { MachineBed } from '../../test/state/machine-bed.js'
import { type ModelBatch, type SessionCall, SessionModel } from '../../test/state/session-model.js'

const IDS = [11n, -12n] as const
const JUNK = Uint8Array.of(90, 200)

/** How a batch relates to what is applied, and how much of it is acknowledged. */
const batch = fc.record({
  kind: fc.constant('batch' as const),
  who: fc.nat(IDS.length - 1),
  /** Negative: sent again; positive: a gap. */
  offset: fc.oneof(
    { arbitrary: fc.constant(0), weight: 3 },
    { arbitrary: fc.integer({ min: -6, max: 2 }), weight: 2 },
  ),
  length: fc.nat(6),
  /** What is not acknowledged yet; negative: more than there is. */
  kept: fc.integer({ min: -2, max: 12 }),
  /** Names the lease before this one. */
  stale: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
})
const grant = fc.record({ kind: fc.constant('grant' as const), who: fc.nat(IDS.length - 1) })
const trouble = fc.constantFrom('restart', 'crash', 'copy', 'commit').map((kind) => ({ kind }))
const step = fc.oneof(
  { arbitrary: batch, weight: 8 },
  { arbitrary: grant, weight: 1 },
  { arbitrary: trouble, weight: 1 },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never
type Batch = typeof batch extends fc.Arbitrary<infer T> ? T : never

/** What a client remembers of its session. */
interface Client {
  grantedIndex: number
  staleIndex: number
  readonly calls: SessionCall[]
}

class World {
  readonly model = new SessionModel()
  /** How much was heard in all: a world in which nothing happens shows nothing. */
  applied = 0
  readonly #clients = new Map<bigint, Client>()
  readonly #random: SeededRandom
  readonly #generator: CallGenerator

  constructor(
    public bed: MachineBed,
    seed: number,
  ) {
    this.#random = new SeededRandom(seed)
    const weights = { range: 3, leaseGrant: 8, leaseRevoke: 2 }
    this.#generator = new CallGenerator(this.#random, { leases: [1n, ...IDS], weights })
  }

  async take(step: Step): Promise<void> {
    const { bed } = this
    if (step.kind === 'batch') this.#batch(step as Batch)
    else if (step.kind === 'grant') this.grant((step as { who: number }).who)
    else if (step.kind === 'restart') await bed.restart()
    else if (step.kind === 'crash') await bed.crash(this.#random.between(0, 1))
    else if (step.kind === 'commit') await bed.backend.commit()
    else {
      // What a member does that gets a snapshot. Its entries are needed if it crashes.
      const entries = bed.entries.slice()
      this.bed = await bed.copy()
      this.bed.entries.push(...entries)
      await this.bed.backend.commit()
    }
  }

  /** Grants the lease of a session, if it has none. */
  grant(who: number): void {
    const request = { ID: IDS[who]!, TTL: 60 }
    const { index } = this.bed.apply({ leaseGrant: request })
    this.model.execute(index, { kind: 'leaseGrant', request })
  }

  #batch({ who, offset, length, kept, stale }: Batch): void {
    const session = IDS[who]!
    const client = this.#client(session)
    const applied = this.model.sessions.get(session)?.answers.length ?? 0
    const first = Math.max(0, applied + 1 + offset)
    const calls = this.#calls(client, first, length)
    const acknowledged = Math.max(0, applied - kept)
    const grantedIndex = stale ? client.staleIndex : client.grantedIndex
    const batch: ModelBatch = { session, grantedIndex, acknowledged, first, calls }
    const { heard, index } = this.#apply(batch)
    expect(heard).toEqual(this.model.batch(index, batch))
    this.applied += heard.length
  }

  /** The same call under the same number, whenever it is sent. */
  #calls({ calls }: Client, first: number, length: number): SessionCall[] {
    while (calls.length < first + length)
      calls.push(this.#random.chance(0.05) ? undefined : this.#generator.next(this.model.store))
    return calls.slice(first, first + length)
  }

  #client(id: bigint): Client {
    const granted = this.model.sessions.get(id)?.grantedIndex ?? 0
    const client = this.#clients.get(id)
    if (client && (granted === 0 || client.grantedIndex === granted)) return client
    const fresh = { grantedIndex: granted, staleIndex: client?.grantedIndex ?? 0, calls: [] }
    this.#clients.set(id, fresh)
    return fresh
  }

  #apply(batch: ModelBatch): { heard: string[]; index: number } {
    const { sessions } = this.bed.machine
    const heard: string[] = []
    const stops = [...this.model.sessions.keys()].map((id) =>
      sessions.observe(id, {
        applied: (sequence) => heard.push(`${id}: ${sequence}`),
        lost: () => heard.push(`${id}: lost`),
      }),
    )
    const calls = batch.calls.map((call, i) =>
      call
        ? encodeBytes(PipelineCall, { sequence: batch.first + i, [call.kind]: call.request })
        : JUNK,
    )
    const { index } = this.bed.apply({ pipeline: { ...batch, calls } })
    for (const stop of stops) stop()
    return { heard, index }
  }

  /** The machine has what the model has. */
  check(): void {
    const { store, lessor, sessions } = this.bed.machine
    expect(store.revision).toBe(this.model.store.revision)
    expect([...lessor.records()].map(({ ID }) => ID)).toEqual(
      [...this.model.sessions.keys()].sort((a, b) => (a < b ? -1 : 1)),
    )
    for (const id of [...IDS, 1n]) {
      const session = this.model.sessions.get(id)
      expect(sessions.get(id)).toEqual(session && viewOf(session))
      const kept = session?.answers.map((answer, i) =>
        i < session.acknowledged ? undefined : Buffer.from(answer),
      )
      const found = session?.answers.map((_, i) => {
        const answer = sessions.answer(id, i + 1)
        return answer && Buffer.from(answer)
      })
      expect(found).toEqual(kept)
    }
  }
}

function viewOf(session: { grantedIndex: number; answers: Uint8Array[]; acknowledged: number }) {
  const kept = session.answers.slice(session.acknowledged)
  return {
    grantedIndex: session.grantedIndex,
    applied: session.answers.length,
    acknowledged: session.acknowledged,
    answerCount: kept.length,
    answerBytes: kept.reduce((sum, { length }) => sum + length, 0),
  }
}

test('each call is applied at most once, in order, and its first answer is repeated', async () => {
  let applied = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60, size: 'max' }),
      fc.nat(),
      async (steps, seed) => {
        const world = new World(await MachineBed.founded(3), seed)
        await world.bed.backend.commit()
        for (const who of IDS.keys()) world.grant(who)
        for (const step of steps) {
          await world.take(step)
          world.check()
        }
        applied += world.applied
        const fingerprint = await world.bed.machine.fingerprint()
        await world.bed.restart()
        expect(await world.bed.machine.fingerprint()).toBe(fingerprint)
        const replay = await MachineBed.founded(3)
        replay.feed(world.bed.entries)
        expect(await replay.machine.fingerprint()).toBe(fingerprint)
      },
    ),
    { numRuns: 40 },
  )
  expect(applied).toBeGreaterThan(500)
})
