/**
 * A member of three whose peers send rubbish, lies and broken snapshots.
 *
 *     bytes that are no message harm nobody
 *     a well-formed lie is believed, ignored, or ends the member with a reason; nothing is
 *     thrown where nobody catches it, and nothing hangs
 *     whoever answers a linearizable read of what was written before the lies says what was
 *     written
 *
 * Lies are told to the first member only. They touch no command that was committed, unless
 * raft lets them, and that is what is tried.
 */

import type { MessageStream } from '../../client/host/stream.js'
import { encodeBytes, type Init, InvalidMessage } from '../../client/wire/codec.js'
import { Command } from '../../client/wire/generated/command.js'
import {
  type EntryType,
  type Message,
  MessageType,
  type SnapshotMetadata,
} from '../../client/wire/generated/raft.js'
import { KV, Peer } from '../../client/wire/methods.js'
import { RpcError } from '../../client/wire/status.js'
import { SnapshotEncoder } from '../../server/storage/snapshot-format.js'
import type { SeededRandom } from '../model/random.js'
import { type Machine, MemberWorld } from '../sim/member-world.js'
import { fromHex, toHex } from './mutate.js'
import { targetOf } from './target.js'

/** A number that depends on where the member is: a base and what is added to it. */
type Relative = readonly ['zero' | 'term' | 'last' | 'commit' | 'max', number]

/** Members by place; 3 is one that nobody knows. */
type Who = 0 | 1 | 2 | 3

type Lie = {
  readonly type: number
  readonly from: Who
  readonly to: Who
  readonly term: Relative
  readonly index: Relative
  readonly logTerm: Relative
  readonly commit: Relative
  readonly context: Relative
  readonly reject: boolean
  readonly hasSnapshot: boolean
  /** Data of entries, as hexadecimal text; 'lie' stands for a put of the key `lie`. */
  readonly entries: readonly string[]
  readonly entryType: number
}

type Act =
  | { readonly kind: 'lies'; readonly isForeign: boolean; readonly lies: readonly Lie[] }
  | { readonly kind: 'bytes'; readonly bytes: string }
  | {
      readonly kind: 'snapshot'
      readonly lie: Lie
      /** What is sent, in order. */
      readonly parts: readonly ('header' | 'data' | 'damaged' | 'nothing')[]
      readonly end: 'end' | 'cancel'
    }

type PeerCase = {
  readonly seed: number
  readonly acts: readonly Act[]
  /** Virtual milliseconds behind each act. */
  readonly pauseMs: number
}

const SETTLE_MS = 3_000
const ANSWER_MS = 5_000
const OPTIONS = { heartbeatIntervalMs: 50, electionTimeoutMs: 250 }
/** A term without a successor ends every member that hears of it, so the far end is rare. */
const FAR_SHARE = 0.03
const BASES: readonly Relative[0][] = ['zero', 'term', 'last', 'commit']

/** See the head of the file. */
export const peerTarget = targetOf<PeerCase>({
  name: 'peer',
  about: 'rubbish and lies from peers: refused, ignored, or a clean end; never a wrong answer',

  draw(random, known) {
    const seed = random.between(1, 1000)
    if (known.length > 0 && random.chance(0.2)) return { ...random.pick(known), seed }
    const acts = Array.from({ length: random.between(1, 6) }, () => drawAct(random))
    return { seed, acts, pauseMs: random.pick([0, 10, 300]) }
  },

  async run({ seed, acts, pauseMs }) {
    const world = await MemberWorld.start(3, OPTIONS, seed)
    try {
      await world.put(await world.leader(), 'truth', 'told')
      await world.run(500)
      for (const act of acts) {
        await perform(world, act)
        await world.run(pauseMs)
      }
      await world.run(SETTLE_MS)
      for (const machine of world.machines) await judge(world, machine)
    } finally {
      await world.stop()
    }
  },
})

async function judge(world: MemberWorld, machine: Machine): Promise<void> {
  const { member, failure, name } = machine
  if (member === undefined) throw new Error(`${name} is gone`)
  if (failure !== undefined) {
    if (member.isRunning) throw new Error(`${name} failed and goes on`)
    return
  }
  const call = world
    .client(machine)
    .call(KV.range, { key: Buffer.from('truth') }, { timeoutMs: ANSWER_MS })
  try {
    const { kvs } = await world.answered(call)
    const found = kvs.map(({ value }) => Buffer.from(value).toString()).join()
    if (found !== 'told') throw new Error(`${name} answers "${found}"`)
  } catch (error) {
    if (!(error instanceof RpcError)) throw error
  }
}

async function perform(world: MemberWorld, act: Act): Promise<void> {
  const [target] = world.machines
  const { member } = target!
  if (member === undefined || !member.isRunning) return
  const channel = world.network.view('m2').connect(target!.peerUrl)
  if (act.kind === 'snapshot') {
    const stream = channel.stream(Peer.sendSnapshot)
    stream.receive({ message: () => {}, close: () => {} })
    await sendSnapshot(world, stream, act)
    return
  }
  const stream = channel.stream(Peer.exchange)
  stream.receive({ message: () => {}, close: () => {} })
  if (act.kind === 'bytes') sendRubbish(stream, fromHex(act.bytes))
  else {
    const clusterId = member.clusterId + (act.isForeign ? 1n : 0n)
    const from = idOf(world, 1)
    stream.send({ clusterId, from, messages: act.lies.map((lie) => messageOf(world, lie)) })
  }
  await world.run(1)
  stream.end()
}

/** Between processes of one program the sender is told; over a socket, see http2-target.ts. */
function sendRubbish(stream: MessageStream<unknown, never>, bytes: Uint8Array): void {
  try {
    stream.sendBytes(bytes)
  } catch (error) {
    if (!(error instanceof InvalidMessage)) throw error
  }
}

async function sendSnapshot(
  world: MemberWorld,
  stream: MessageStream<unknown, Init<{ header: unknown; data: Uint8Array }>>,
  { lie, parts, end }: Extract<Act, { kind: 'snapshot' }>,
): Promise<void> {
  const message = messageOf(world, { ...lie, type: MessageType.SNAPSHOT, hasSnapshot: true })
  const encoder = new SnapshotEncoder()
  const data = Buffer.concat([encoder.metadata(message.snapshot!), encoder.footer()])
  const damaged = Buffer.from(data)
  damaged[damaged.length >> 1] = damaged[damaged.length >> 1]! ^ 1
  const header = { clusterId: world.machines[0]!.member!.clusterId, from: idOf(world, 1), message }
  for (const part of parts) {
    if (part === 'header') stream.send({ header })
    // Never a whole good snapshot: it would be believed.
    else if (part === 'data') stream.send({ data: data.subarray(0, -1) })
    else if (part === 'damaged') stream.send({ data: damaged })
    else stream.send({})
    await world.run(1)
  }
  if (end === 'end') stream.end()
  else stream.fail(new RpcError(1, 'cancelled'))
  await world.run(1)
}

function idOf(world: MemberWorld, who: Who): bigint {
  return world.machines[who]?.member?.id ?? 0xdeadn
}

function messageOf(world: MemberWorld, lie: Lie): Message {
  const { raft } = world.machines[0]!.member!
  const bases = {
    ...{ zero: 0, term: raft.term, last: raft.lastIndex, commit: raft.commit },
    max: Number.MAX_SAFE_INTEGER,
  }
  const number = ([base, plus]: Relative) =>
    Math.max(0, Math.min(Number.MAX_SAFE_INTEGER, bases[base] + plus))
  const [index, term] = [number(lie.index), number(lie.term)]
  const entries = lie.entries.map((data, i) => ({
    ...{ index: Math.min(Number.MAX_SAFE_INTEGER, index + 1 + i), term },
    type: lie.entryType as EntryType,
    data: data === 'lie' ? LYING_PUT : fromHex(data),
  }))
  const snapshot: SnapshotMetadata = {
    ...{ index, term },
    confState: {
      voters: [0, 1, 2].map((who) => idOf(world, who as Who)),
      ...{ learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false },
    },
  }
  return {
    ...{ type: lie.type as Message['type'], to: idOf(world, lie.to), from: idOf(world, lie.from) },
    ...{ term, index, logTerm: number(lie.logTerm), commit: number(lie.commit), entries },
    ...{ reject: lie.reject, rejectHint: index, context: number(lie.context), transfer: false },
    ...{ transferee: idOf(world, lie.to), snapshot: lie.hasSnapshot ? snapshot : undefined },
  }
}

const LYING_PUT = encodeBytes(Command, {
  put: { key: Buffer.from('lie'), value: Buffer.from('x') },
})

function drawAct(random: SeededRandom): Act {
  const kind = random.weighted({ lies: 6, bytes: 1, snapshot: 2 })
  if (kind === 'bytes') return { kind, bytes: toHex(random.bytes(random.between(1, 40))) }
  if (kind === 'snapshot') {
    const names = ['header', 'header', 'data', 'damaged', 'nothing'] as const
    const parts = Array.from({ length: random.between(0, 4) }, () => random.pick(names))
    return { kind, lie: drawLie(random), parts, end: random.pick(['end', 'cancel'] as const) }
  }
  const lies = Array.from({ length: random.between(1, 4) }, () => drawLie(random))
  return { kind, isForeign: random.chance(0.1), lies }
}

function drawLie(random: SeededRandom): Lie {
  const near = (): Relative => [
    random.chance(FAR_SHARE) ? 'max' : random.pick(BASES),
    random.pick([-5, -1, 0, 0, 0, 1, 2, 1000]),
  ]
  const usual = (base: Relative[0]): Relative =>
    random.chance(0.6) ? [base, random.pick([0, 0, 1, -1])] : near()
  const data = () => random.pick(['lie', '', toHex(random.bytes(9))])
  return {
    type: random.chance(0.97) ? random.between(0, 13) : random.pick([14, 99, -1]),
    from: random.pick([1, 1, 1, 2, 0, 3] as const),
    to: random.pick([0, 0, 0, 0, 1, 3] as const),
    term: usual('term'),
    index: usual('last'),
    logTerm: usual('term'),
    commit: usual('commit'),
    context: near(),
    reject: random.chance(0.3),
    hasSnapshot: random.chance(0.2),
    entries: Array.from({ length: random.pick([0, 0, 1, 2]) }, data),
    entryType: random.pick([0, 0, 0, 1, 7]),
  }
}
