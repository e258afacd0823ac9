/**
 * The network of the world: links between named nodes, listeners, connections, cuts.
 *
 * A node is a machine or a client's process; it keeps its name over its lives. Each process
 * is attached with its clock, through which everything reaches it; see sim-clock.ts.
 * Requests and answers pass the codecs, so processes share nothing.
 */

import type { Transport } from '../../../client/host/transport.js'
import type { Listener } from '../../../server/host/listener.js'
import { normalAddress } from '../../../server/host/network-inprocess.js'
import type { SeededRandom } from '../../model/random.js'
import type { VirtualClock } from '../virtual-clock.js'
import { Accepting } from './accepting.js'
import { SimChannel } from './channel.js'
import type { SimConnection } from './connection.js'
import { Counts } from './counts.js'
import { Link, type LinkSettings, QUIET_LINK } from './link.js'
import type { SimClock } from './sim-clock.js'
import type { StreamEnd } from './stream-end.js'

export type { Accepting } from './accepting.js'

/** What a {@link SimNetwork} needs. */
export interface SimNetworkOptions {
  readonly clock: VirtualClock
  /** A random of its own for each name. */
  readonly fork: (name: string) => SeededRandom
  readonly log: (subject: string, what: string) => void
  /** A server's handler threw something that no caller is meant to hear. */
  readonly crashed: (error: unknown) => void
}

/** See the head of the file. */
export class SimNetwork {
  readonly clock: VirtualClock
  /** For what belongs to no link. */
  readonly random: SeededRandom
  readonly log: (subject: string, what: string) => void
  /** See {@link SimNetworkOptions.crashed}. */
  readonly crashed: (error: unknown) => void
  /** What really happened, by kind. */
  readonly counts = new Counts()
  /** How links begin that nobody has used yet. */
  readonly defaults: LinkSettings = { ...QUIET_LINK }
  /** How long a connection that waits at a cut lives on average, in milliseconds. */
  breakMsMean = 8_000
  readonly connections = new Set<SimConnection>()
  /** The server's end of the newest raft stream on each link. */
  readonly raftStreams = new Map<Link, StreamEnd<unknown, unknown> | StreamEnd<never, never>>()
  /** How often a node became another member: what the one before had sent does not come again. */
  readonly #renewals = new Map<string, number>()
  readonly #fork: (name: string) => SeededRandom
  readonly #links = new Map<string, Link>()
  /** Machines by their addresses, also of those that are down. */
  readonly #owners = new Map<string, string>()
  readonly #machines = new Set<string>()
  readonly #accepting = new Map<string, Accepting>()
  /** Nodes that are cut off: from everybody, or from clients only. */
  readonly #isolated = new Set<string>()
  readonly #clientless = new Set<string>()

  constructor({ clock, fork, log, crashed }: SimNetworkOptions) {
    this.crashed = crashed
    this.clock = clock
    this.random = fork('network')
    this.#fork = fork
    this.log = log
  }

  /** Tells which machine an address belongs to, before anybody listens there. */
  own(address: string, machine: string): void {
    this.#owners.set(normalAddress(address), machine)
    this.#machines.add(machine)
  }

  /** The node behind an address; the address itself when it is nobody's. */
  ownerOf(address: string): string {
    return this.#owners.get(normalAddress(address)) ?? address
  }

  /** Who accepts connections at an address now. */
  accepting(address: string): Accepting | undefined {
    return this.#accepting.get(normalAddress(address))
  }

  /** The machine got an empty disk: who runs there next is another member. */
  renewed(machine: string): void {
    this.#renewals.set(machine, this.renewals(machine) + 1)
  }

  /** How often {@link renewed} was said of a node. */
  renewals(name: string): number {
    return this.#renewals.get(name) ?? 0
  }

  /** The direction from one node to another. */
  link(from: string, to: string): Link {
    const name = `${from}>${to}`
    let link = this.#links.get(name)
    if (link === undefined) {
      const settings = from === to ? QUIET_LINK : this.defaults
      link = new Link(from, to, this.#fork(`link ${name}`), settings)
      link.cut = link.cut || this.#isApart(from, to)
      this.#links.set(name, link)
    }
    return link
  }

  /** All links that somebody has used. */
  get links(): Link[] {
    return [...this.#links.values()]
  }

  /** The network as a process sees it. */
  attach(name: string, life: SimClock): Transport & Listener {
    return {
      connect: (address, options = {}) => new SimChannel(this, { name, life }, address, options),
      listen: async ({ url }, services) => {
        if (life.isOver) return new Promise(() => {})
        const address = normalAddress(url)
        if (this.#accepting.has(address))
          throw Object.assign(new Error(`somebody serves at ${url} already`), {
            code: 'EADDRINUSE',
          })
        const accepting = new Accepting(name, life, services)
        this.#accepting.set(address, accepting)
        const close = async (graceMs: number): Promise<void> => {
          if (this.#accepting.get(address) === accepting) this.#accepting.delete(address)
          await accepting.close(graceMs)
        }
        return { url, close }
      },
    }
  }

  /** A process is dead: its listeners are gone, its connections are reset. Call it after the life has ended. */
  drop(life: SimClock): void {
    for (const [address, accepting] of this.#accepting)
      if (accepting.life === life) this.#accepting.delete(address)
    for (const connection of [...this.connections])
      if (connection.client.life === life) connection.callerDied()
      else if (connection.server?.life === life) connection.serverLeft()
  }

  /** Nothing that `from` sends reaches `to` any more. */
  cutOneWay(from: string, to: string): void {
    this.link(from, to).cut = true
    this.counts.add('cuts')
    this.log(`${from}>${to}`, 'cut')
  }

  /** Nothing passes between nodes of different groups; nodes in no group reach everybody. */
  partition(groups: readonly (readonly string[])[]): void {
    this.counts.add('partitions')
    this.log('network', `partition ${groups.map((group) => group.join('+')).join(' | ')}`)
    for (const [i, group] of groups.entries())
      for (const from of group)
        for (const [j, others] of groups.entries())
          for (const to of others) if (i !== j) this.link(from, to).cut = true
  }

  /** Nothing passes between this node and anybody, also who comes later. */
  isolate(name: string): void {
    this.counts.add('isolations')
    this.log(name, 'isolated')
    this.#isolated.add(name)
    this.#cutApart()
  }

  /** Clients do not reach this machine, nor it them; its peers do. */
  cutClients(machine: string): void {
    this.counts.add('clientCuts')
    this.log(machine, 'cut off from clients')
    this.#clientless.add(machine)
    this.#cutApart()
  }

  /** Connections from one node to another break; what is under way there is lost. @returns how many. */
  breakConnections(from: string, to: string): number {
    const broken = [...this.connections].filter(
      ({ client, up }) => client.name === from && up.link.to === to,
    )
    for (const connection of broken) connection.breakOff()
    return broken.length
  }

  /** All links are whole and free of faults; latencies stay. */
  healAll(): void {
    this.log('network', 'healed')
    this.#isolated.clear()
    this.#clientless.clear()
    for (const link of this.#links.values()) link.heal()
  }

  #cutApart(): void {
    for (const link of this.#links.values()) if (this.#isApart(link.from, link.to)) link.cut = true
  }

  #isApart(from: string, to: string): boolean {
    if (from === to) return false
    const isClients = !this.#machines.has(from) || !this.#machines.has(to)
    const one = (name: string) =>
      this.#isolated.has(name) || (isClients && this.#clientless.has(name))
    return one(from) || one(to)
  }
}
