/**
 * The network of a simulated world: each ordered pair of nodes is a link of its own, so that a
 * cut can be one-way. A message is lost, late, doubled, overtaken, or comes again long after.
 */

import { encodeBytes } from '../../../client/wire/codec.js'
import { Message } from '../../../client/wire/generated/raft.js'
import { type EventQueue, UNITS_PER_TICK } from './events.js'
import type { Faults } from './faults.js'
import type { Prng } from './prng.js'

/** Messages kept for a later replay, at most. */
const REPLAY_COUNT_MAX = 64

/** Objects that several nodes will see: whoever changes one is found out. */
function frozen(message: Message): Message {
  for (const entry of message.entries) Object.freeze(entry)
  Object.freeze(message.entries)
  return Object.freeze(message)
}

/** The network's two ends, given by the world. */
export interface NetworkEnds {
  /** Hands a message to its receiver, if that is up. */
  deliver(message: Message): void
  /** Tells the sender that it went nowhere. */
  unreachable(message: Message): void
}

/** Carries messages between nodes, badly. */
export class Network {
  /** Set when the chaos is over: nothing is lost or doubled, delays are short. */
  healed = false
  private readonly cuts = new Set<string>()
  private readonly old: Message[] = []

  constructor(
    private readonly events: EventQueue,
    private readonly prng: Prng,
    private readonly faults: Faults,
    private readonly ends: NetworkEnds,
  ) {}

  /** Whether messages from one node to another get nowhere now. */
  isCut(from: bigint, to: bigint): boolean {
    return this.cuts.has(`${from}>${to}`)
  }

  /** Sends; what becomes of it is up to the dice. */
  send(message: Message): void {
    const { prng, faults } = this
    const sent = faults.encode ? encodeBytes(Message, message) : frozen(message)
    if (this.healed) {
      this.carry(message, sent, faults.delayMin + 0.1)
      return
    }
    this.remember(message)
    if (this.isCut(message.from, message.to) || prng.chance(faults.lossRate)) {
      if (prng.chance(faults.reportRate)) {
        this.events.after(this.delay() * UNITS_PER_TICK, () => this.ends.unreachable(message))
      }
      return
    }
    this.carry(message, sent, this.delay())
    if (prng.chance(faults.duplicateRate)) this.carry(message, sent, this.delay())
  }

  /** One random message of the past arrives once more. */
  replay(): void {
    if (this.old.length > 0) this.carry(this.prng.pick(this.old), undefined, this.delay())
  }

  /** Cuts some links at random: a side from the rest, one node, one way, or single links. */
  partition(ids: readonly bigint[]): void {
    const { prng } = this
    const shuffled = prng.shuffle(ids)
    const side = new Set(shuffled.slice(0, prng.between(1, Math.ceil(ids.length / 2))))
    const way = prng.pick(['both', 'both', 'in', 'out', 'links'])
    this.cuts.clear()
    for (const from of ids) {
      for (const to of ids) {
        if (from === to) continue
        const leaves = side.has(from) && !side.has(to)
        const enters = !side.has(from) && side.has(to)
        const cut =
          way === 'links' ? prng.chance(0.3) : (leaves && way !== 'in') || (enters && way !== 'out')
        if (cut) this.cuts.add(`${from}>${to}`)
      }
    }
  }

  /** Joins all links again. */
  join(): void {
    this.cuts.clear()
  }

  private delay(): number {
    const { prng, faults } = this
    const delay = faults.delayMin + prng.exponential(faults.delayMean)
    return prng.chance(faults.slowRate) ? delay * faults.slowFactor : delay
  }

  private remember(message: Message): void {
    if (this.faults.replayEvery === Infinity || message.snapshot !== undefined) return
    if (this.old.length < REPLAY_COUNT_MAX) this.old.push(message)
    else if (this.prng.chance(0.2)) this.old[this.prng.int(REPLAY_COUNT_MAX)] = message
  }

  private carry(message: Message, sent: Message | Uint8Array | undefined, ticks: number): void {
    this.events.after(ticks * UNITS_PER_TICK, () => {
      if (this.isCut(message.from, message.to)) return
      this.ends.deliver(sent instanceof Uint8Array ? Message.decode(sent) : message)
    })
  }
}
