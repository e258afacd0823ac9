/**
 * Makes things go wrong: some lanes side by side, each one fault after the other with
 * pauses between them. What a fault did is undone at its end, whatever happens meanwhile.
 *
 * The draws of a lane come from the seed; what they meet depends on the machine.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Violation } from '../../check/operation.js'
import type { SeededRandom } from '../../model/random.js'
import { exponentialMs, forkRandom } from '../../sim/world/fork.js'
import type { Effect, Link } from '../link.js'
import type { ProcessMember } from '../process-cluster.js'
import type { ChaosCluster } from './chaos-cluster.js'
import { type CutManner, drawFault, type Fault } from './fault-plan.js'

/** Faults that may happen at once. */
const LANES = 3
const GAP_MS_MEAN = 2_500
/** A member that was told to end must have ended by then. */
const STOP_MS_MAX = 20_000

/** See the head of the file. */
export class FaultDriver {
  /** How often each kind happened. */
  readonly counts: Record<string, number> = {}
  readonly violations: Violation[] = []
  readonly #cluster: ChaosCluster
  readonly #clients: readonly string[]
  readonly #say: (line: string) => void
  /** Members whose process a fault has in hand. */
  readonly #busy = new Set<ProcessMember>()

  constructor(
    cluster: ChaosCluster,
    clients: readonly string[],
    say: (line: string) => void = () => {},
  ) {
    this.#cluster = cluster
    this.#clients = clients
    this.#say = say
  }

  /** Faults so far. */
  get count(): number {
    return Object.values(this.counts).reduce((sum, count) => sum + count, 0)
  }

  /** Makes faults until the signal; resolves when all are undone and all members run. */
  async run(seed: number, signal: AbortSignal): Promise<void> {
    const lanes = Array.from({ length: LANES }, (_, i) =>
      this.#lane(forkRandom(seed, `lane ${i}`), signal),
    )
    await Promise.all(lanes)
    this.lookForEnded()
  }

  /** A member that ended by itself broke its word. */
  lookForEnded(): void {
    for (const member of this.#cluster.members) {
      if (member.isUp || this.#busy.has(member)) continue
      this.violations.push({
        rule: 'member ended itself',
        message: `${member.name}, exit code ${member.exitCode}: ${member.stderr.slice(-2000)}`,
      })
      member.start()
    }
  }

  async #lane(random: SeededRandom, signal: AbortSignal): Promise<void> {
    const names = this.#cluster.members.map(({ name }) => name)
    while (!signal.aborted) {
      await pause(exponentialMs(random, GAP_MS_MEAN), signal)
      const fault = drawFault(random, names, this.#clients)
      if (signal.aborted) return
      const work = this.#work(fault, signal)
      if (work === undefined) continue
      this.counts[fault.kind] = (this.counts[fault.kind] ?? 0) + 1
      this.#say(JSON.stringify(fault))
      await work()
    }
  }

  /** What to do; undefined when it cannot be done now. */
  #work(fault: Fault, signal: AbortSignal): (() => Promise<void>) | undefined {
    const { forMs } = fault
    if (fault.kind === 'kill' || fault.kind === 'terminate' || fault.kind === 'stop') {
      const { kind } = fault
      const member = this.#cluster.member(fault.member)
      if (this.#busy.has(member)) return undefined
      this.#busy.add(member)
      const hit = () =>
        kind === 'stop'
          ? freeze(member, forMs, signal)
          : this.#restart(kind === 'kill', member, forMs, signal)
      return () => hit().finally(() => this.#busy.delete(member))
    }
    if (fault.kind === 'reset')
      return async () => {
        for (const link of this.#around(fault.member)) link.reset()
      }
    const effects = this.#effects(fault)
    return async () => {
      const heals = effects.map(([link, effect]) => link.lay(effect))
      await pause(forMs, signal)
      for (const heal of heals) heal()
    }
  }

  async #restart(
    isKilled: boolean,
    member: ProcessMember,
    downMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    if (isKilled) await member.end('SIGKILL')
    else await this.#terminate(member)
    await pause(downMs, signal)
    member.start()
  }

  /** A member that has not come up yet does not listen to signals: it is killed by any. */
  async #terminate(member: ProcessMember): Promise<void> {
    if ((await member.status()) === undefined) {
      await member.end('SIGKILL')
      return
    }
    const over = new AbortController()
    const late = sleep(STOP_MS_MAX, 'late' as const, over).catch(() => 'ended' as const)
    const code = await Promise.race([member.end('SIGTERM'), late])
    over.abort()
    if (code === 0) return
    const message = code === 'late' ? `still runs after ${STOP_MS_MAX} ms` : `exit code ${code}`
    this.violations.push({ rule: 'terminate', message: `${member.name} ${message}` })
    await member.end('SIGKILL')
  }

  /** The effects of a fault of links. */
  #effects(fault: Exclude<Fault, { kind: 'kill' | 'terminate' | 'stop' | 'reset' }>): LinkEffect[] {
    const { member } = fault
    switch (fault.kind) {
      case 'isolate':
        return this.#peersOf(member).flatMap((peer) => this.#bothWays(member, peer, fault.manner))
      case 'pair':
        return this.#bothWays(member, fault.other, fault.manner)
      case 'oneWay':
        // Either nobody hears what `member` opens, or every byte that it sends is lost.
        return fault.manner === 'refuse'
          ? [[this.#cluster.link(member, fault.other), { refuse: true }]]
          : [
              [this.#cluster.link(member, fault.other), { there: { hold: true } }],
              [this.#cluster.link(fault.other, member), { back: { hold: true } }],
            ]
      case 'slow': {
        const { latencyMs, bytesPerSecond } = fault
        const slow = { latencyMs, bytesPerSecond }
        return this.#around(member).map((link) => [link, { there: slow, back: slow }])
      }
      case 'silent':
        return this.#into(member).map((link) => [link, { silent: true }])
      case 'clientCut': {
        const clients = fault.client === undefined ? this.#clients : [fault.client]
        return clients.map((client) => [this.#cluster.link(client, member), cut(fault.manner)])
      }
    }
  }

  #bothWays(one: string, other: string, manner: CutManner): LinkEffect[] {
    return [
      [this.#cluster.link(one, other), cut(manner)],
      [this.#cluster.link(other, one), cut(manner)],
    ]
  }

  #peersOf(member: string): string[] {
    return this.#cluster.members.map(({ name }) => name).filter((name) => name !== member)
  }

  /** All links to a member. */
  #into(member: string): Link[] {
    return [...this.#peersOf(member), ...this.#clients].map((from) =>
      this.#cluster.link(from, member),
    )
  }

  /** All links to and from a member. */
  #around(member: string): Link[] {
    const out = this.#peersOf(member).map((peer) => this.#cluster.link(member, peer))
    return [...this.#into(member), ...out]
  }
}

type LinkEffect = [link: Link, effect: Effect]

function cut(manner: CutManner): Effect {
  if (manner === 'refuse') return { refuse: true }
  return { there: { hold: true }, back: { hold: true } }
}

async function freeze(member: ProcessMember, forMs: number, signal: AbortSignal): Promise<void> {
  member.signal('SIGSTOP')
  await pause(forMs, signal)
  member.signal('SIGCONT')
}

/** Resolves after `ms`, or at the signal. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {})
}
