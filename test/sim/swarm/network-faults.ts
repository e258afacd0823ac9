/** Partitions, one-way cuts, and links that lose, double, delay and mix up. */

import type { Link } from '../world/link.js'
import type { World } from '../world/world.js'
import { type Episode, type Stage, shuffled, some } from './episodes.js'
import type { NETWORK_FAULTS } from './fault-kinds.js'
import type { Fleet } from './fleet.js'
import { among, between, type Direction, LinkCuts } from './link-cuts.js'
import { drawPartition } from './partitions.js'

/** Rates that a link has for raft's batches. */
type Rate = 'loss' | 'duplicate' | 'replay' | 'reorder'

/** A slow link is slower by a factor of this span. */
const SLOW_FACTOR_MIN = 3
const SLOW_FACTOR_MAX = 100
/** ... and takes no longer than this on average, in milliseconds. */
const SLOW_MS_MAX = 2_000

/** What each kind does. */
export function networkFaults(
  fleet: Fleet,
): Readonly<Record<(typeof NETWORK_FAULTS)[number], Episode>> {
  const network = new NetworkFaults(fleet)
  const rates =
    (rate: Rate): Episode =>
    (stage) =>
      network.rate(stage, rate)
  return {
    partition: (stage) => network.partition(stage),
    cutOneWay: (stage) => network.cutOneWay(stage),
    cutClients: (stage) => network.cutClients(stage),
    refuse: (stage) => network.refuse(stage),
    loss: rates('loss'),
    duplicate: rates('duplicate'),
    replay: rates('replay'),
    reorder: rates('reorder'),
    slowLinks: (stage) => network.slow(stage),
    clog: (stage) => network.clog(stage),
    swizzleClog: (stage) => network.swizzle(stage),
    breakConnections: (stage) => network.breakConnections(stage),
  }
}

/** What the network counts for kinds whose links only might do harm. */
const COUNTED = {
  loss: 'messagesLost',
  duplicate: 'messagesDuplicated',
  replay: 'messagesReplayed',
  reorder: 'messagesReordered',
  refuse: 'connectionsRefusedByLink',
} as const

/** How often the kinds did harm whose harm the network counts; those that did none are missing. */
export function networkHarm({ network }: World): Record<string, number> {
  const counts = Object.entries(COUNTED).map(
    ([kind, what]) => [kind, network.counts.get(what)] as const,
  )
  return Object.fromEntries(counts.filter(([, times]) => times > 0))
}

class NetworkFaults {
  readonly #fleet: Fleet
  readonly #world: World
  readonly #cuts: LinkCuts
  /** What a kind of fault has done to a link and has not undone yet, as `<kind> <from>><to>`. */
  readonly #claims = new Set<string>()

  constructor(fleet: Fleet) {
    this.#fleet = fleet
    this.#world = fleet.world
    this.#cuts = new LinkCuts(fleet.world)
  }

  async partition(stage: Stage): Promise<void> {
    const { random } = stage
    const nodes = this.#members()
    // Clients stand on some side; in other partitions they reach everybody.
    if (random.chance(0.5)) nodes.push(...this.#clients())
    const { shape, pairs } = drawPartition(random, nodes)
    if (pairs.length === 0) return
    stage.did('network', `${shape} ${pairs.map((pair) => pair.join('|')).join(' ')}`)
    await this.#cutFor(
      stage,
      pairs.flatMap(([a, b]) => between([a], [b])),
    )
  }

  async cutOneWay(stage: Stage): Promise<void> {
    const { random } = stage
    const all = among(this.#members())
    if (all.length === 0) return
    const chosen = random.chance(0.5) ? [random.pick(all)] : some(random, all)
    stage.did('network', `one way ${chosen.map(({ from, to }) => `${from}>${to}`).join(' ')}`)
    await this.#cutFor(stage, chosen)
  }

  async cutClients(stage: Stage): Promise<void> {
    const { random } = stage
    const members = some(random, this.#members())
    const clients = random.chance(0.5) ? this.#clients() : some(random, this.#clients())
    stage.did('network', `${members.join()} and clients ${clients.join()}`)
    const both = between(clients, members)
    const oneWay = random.chance(0.3)
    await this.#cutFor(stage, oneWay ? both.filter((_, i) => i % 2 === 0) : both)
  }

  async refuse(stage: Stage): Promise<void> {
    const links = this.#someLinks(stage)
    stage.tell('network', `${names(links)} refuse connections`)
    for (const link of links) link.refuse = true
    await stage.lasts()
    for (const link of links) link.refuse = false
    this.#release(stage, links)
  }

  async rate(stage: Stage, rate: Rate): Promise<void> {
    const links = this.#somePeerLinks(stage)
    if (links.length === 0) return
    stage.tell('network', `${names(links)} at ${stage.settings.rate}`)
    for (const link of links) link[rate] = stage.settings.rate
    await stage.lasts()
    for (const link of links) link[rate] = 0
    this.#release(stage, links)
  }

  async slow(stage: Stage): Promise<void> {
    const links = this.#someLinks(stage)
    const factor = stage.random.between(SLOW_FACTOR_MIN, SLOW_FACTOR_MAX)
    const usual = links.map(({ latencyMsMean }) => latencyMsMean)
    stage.did('network', `${names(links)} slower by ${factor}`)
    for (const link of links)
      link.latencyMsMean = Math.max(
        link.latencyMsMean,
        Math.min(SLOW_MS_MAX, link.latencyMsMean * factor),
      )
    await stage.lasts()
    for (const [i, link] of links.entries()) link.latencyMsMean = usual[i]!
    this.#release(stage, links)
  }

  clog(stage: Stage): void {
    const links = this.#someLinks(stage, false)
    const untilMs = this.#world.clock.now() + stage.drawMs(stage.settings.forMs)
    stage.did('network', `${names(links)} clogged until ${untilMs.toFixed(0)}`)
    for (const link of links) link.clogUntilMs = Math.max(link.clogUntilMs, untilMs)
  }

  /** Clogs links one by one and frees them in another order. */
  async swizzle(stage: Stage): Promise<void> {
    const { random, settings } = stage
    const links = this.#someLinks(stage, false)
    stage.did('network', `${names(links)} clogged one by one`)
    const stepMs = settings.forMs / Math.max(1, links.length)
    const endMs = this.#world.clock.now() + Math.min(settings.forMs, stage.leftMs)
    const freedMs = new Map<Link, number>()
    for (const link of shuffled(random, links))
      freedMs.set(link, endMs + freedMs.size * random.next() * stepMs)
    for (const link of links) {
      link.clogUntilMs = Math.max(link.clogUntilMs, freedMs.get(link)!)
      await stage.wait(random.next() * stepMs)
    }
  }

  breakConnections(stage: Stage): void {
    const { random } = stage
    const nodes = [...this.#members(), ...this.#clients()]
    const node = random.pick(nodes)
    const others = random.chance(0.3) ? nodes : [random.pick(nodes)]
    stage.tell('network', `${node} and ${others.join()} lose their connections`)
    let broken = 0
    for (const other of others) broken += this.#world.network.breakConnections(node, other)
    stage.struck('network', broken)
  }

  async #cutFor(stage: Stage, directions: readonly Direction[]): Promise<void> {
    this.#cuts.cut(directions)
    await stage.lasts()
    this.#cuts.heal(directions)
  }

  #members(): string[] {
    return this.#fleet.targets.map(({ name }) => name)
  }

  #clients(): string[] {
    return this.#world.processes.map(({ name }) => name)
  }

  #somePeerLinks(stage: Stage): Link[] {
    return this.#claimed(stage, among(this.#members()))
  }

  /** Links of members, and sometimes those of clients as well. */
  #someLinks(stage: Stage, claimed = true): Link[] {
    const directions = among(this.#members())
    if (directions.length === 0 || stage.random.chance(0.5))
      directions.push(...between(this.#clients(), this.#members()))
    if (claimed) return this.#claimed(stage, directions)
    return this.#chosen(stage, directions)
  }

  /** Some of these that this kind has not in hand. */
  #claimed(stage: Stage, directions: readonly Direction[]): Link[] {
    const { kind } = stage
    const free = directions.filter(({ from, to }) => !this.#claims.has(`${kind} ${from}>${to}`))
    const links = this.#chosen(stage, free)
    for (const { from, to } of links) this.#claims.add(`${kind} ${from}>${to}`)
    return links
  }

  #chosen({ random }: Stage, directions: readonly Direction[]): Link[] {
    const chosen = random.chance(0.3) ? directions : some(random, directions)
    return chosen.map(({ from, to }) => this.#world.network.link(from, to))
  }

  #release({ kind }: Stage, links: readonly Link[]): void {
    for (const { from, to } of links) this.#claims.delete(`${kind} ${from}>${to}`)
  }
}

function names(links: readonly Link[]): string {
  return links.map(({ from, to }) => `${from}>${to}`).join(' ')
}
