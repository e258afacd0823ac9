/**
 * One life of a member of a test cluster: from its start until it stops or is killed.
 *
 *     open the member on its disk -> listen for peers -> listen for clients
 *
 * It reaches the world through a clock, a disk and a view of the network that die with it,
 * so nothing of a killed member goes on behind the scenes, and no timer is left.
 */

import type { Clock } from '../../client/host/clock.js'
import type { Log } from '../../client/host/log.js'
import type { Random } from '../../client/host/random.js'
import { clientServices } from '../api/services.js'
import { peerService } from '../cluster/peer-service.js'
import type { MemberConfig } from '../config.js'
import type { MemoryDatabases } from '../host/database-memory.js'
import type { Disk } from '../host/disk.js'
import type { Host } from '../host/host.js'
import type { Listening } from '../host/listener.js'
import { PEER_MESSAGE_BYTES_MAX, REQUEST_OVERHEAD_BYTES } from '../limits.js'
import { Member } from '../server.js'
import { MemberClock } from './member-clock.js'
import { MemberDisk } from './member-disk.js'
import type { MemberNetwork } from './member-network.js'

/** What a life stands on, and what outlives it. */
export interface Ground {
  readonly clock: Clock
  readonly random: Random
  readonly network: MemberNetwork
  readonly disk: Disk
  readonly databases: MemoryDatabases
  readonly log: Log
}

/** See the head of the file. */
export class MemberLife {
  readonly clock: MemberClock
  /** Resolves when it is over; with the reason, if the member had to end itself. */
  readonly over: Promise<Error | undefined>
  readonly #ground: Ground
  readonly #config: MemberConfig
  readonly #disk: MemberDisk
  readonly #listening: Listening[] = []
  #member: Member | undefined
  #end!: (reason: Error | undefined) => void

  constructor(ground: Ground, config: MemberConfig) {
    this.#ground = ground
    this.#config = config
    this.clock = new MemberClock(ground.clock)
    this.#disk = new MemberDisk(ground.disk)
    this.over = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  /** The member; undefined until it has opened its data. */
  get member(): Member | undefined {
    return this.#member
  }

  /** Resolves when it listens; never when it is killed before. */
  async begin(): Promise<void> {
    const { random, databases, log } = this.#ground
    const network = this.#ground.network.view(this.#config.name, this.clock)
    const host: Host = {
      clock: this.clock,
      random,
      disk: this.#disk,
      databases,
      transport: network,
      listener: network,
      log,
      exit: (reason) => {
        log.error('the member ends itself', { name: this.#config.name, reason: reason.message })
        this.kill(reason)
      },
    }
    const member = await Member.open(host, this.#config, true)
    this.#member = member
    const { listenPeerUrls, listenClientUrls, maxRequestBytes } = this.#config
    const peers = peerService(member.peerTarget)
    for (const url of listenPeerUrls)
      this.#listening.push(
        await network.listen({ url, requestBytesMax: PEER_MESSAGE_BYTES_MAX }, peers),
      )
    const clients = clientServices(member, host)
    const requestBytesMax = maxRequestBytes + REQUEST_OVERHEAD_BYTES
    for (const url of listenClientUrls)
      this.#listening.push(await network.listen({ url, requestBytesMax }, clients))
  }

  /** Ends it at once: nothing is said, written or answered any more. */
  kill(reason?: Error): void {
    // Off the network first: what the member tells its callers at the end is no longer heard.
    this.#leave()
    this.#disk.end()
    this.#member?.abandon()
    this.#ground.databases.crash()
    this.#end(reason)
  }

  /** Ends it in order: leadership is handed over, everything is made durable. */
  async stop(): Promise<void> {
    if (this.#member === undefined) return this.kill()
    try {
      await this.#member.stop()
    } finally {
      this.#leave()
      this.#end(undefined)
    }
  }

  #leave(): void {
    this.clock.end()
    this.#ground.network.drop(this.#config.name)
    for (const listening of this.#listening.splice(0)) void listening.close(0)
  }
}
