/**
 * One life of a member on its machine: from the start of its process until it is killed,
 * stopped, or ends itself.
 *
 *     open the member on its disk -> listen for peers -> listen for clients -> over
 *
 * Everything that it uses dies with it: its clock, its calls to the disk, its place on the
 * network. What goes on in it afterwards reaches nobody.
 */

import { clientServices } from '../../../server/api/services.js'
import { peerService } from '../../../server/cluster/peer-service.js'
import type { MemberConfig } from '../../../server/config.js'
import type { Databases } from '../../../server/host/database.js'
import type { Host } from '../../../server/host/host.js'
import type { Listening } from '../../../server/host/listener.js'
import { PEER_MESSAGE_BYTES_MAX, REQUEST_OVERHEAD_BYTES } from '../../../server/limits.js'
import { Member, type MemberHooks } from '../../../server/server.js'
import type { SeededRandom } from '../../model/random.js'
import type { FaultDisk } from '../fault-disk.js'
import type { EventLog } from './event-log.js'
import type { SimNetwork } from './network.js'
import type { SimClock } from './sim-clock.js'
import { worldLog } from './world-log.js'

/** How long a process that is told to stop lets calls under way be answered. */
const STOP_GRACE_MS = 5_000

/** What a life stands on. */
export interface Ground {
  readonly name: string
  readonly clock: SimClock
  readonly random: SeededRandom
  readonly network: SimNetwork
  readonly disk: FaultDisk
  readonly databases: Databases
  readonly log: EventLog
  readonly hooks: MemberHooks
  /** Told once, when it is over; with the reason when it ended itself or could not start. */
  readonly onOver: (reason: Error | undefined) => void
}

/** See the head of the file. */
export class MachineLife {
  /** Resolves when it is over. */
  readonly over: Promise<void>
  readonly #ground: Ground
  #member: Member | undefined
  #isUp = false
  #isOver = false
  #clients: Listening | undefined
  #peers: Listening | undefined
  #end!: () => void

  constructor(ground: Ground) {
    this.#ground = ground
    this.over = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  /** The member, when it takes calls. */
  get member(): Member | undefined {
    return this.#isUp ? this.#member : undefined
  }

  /** Resolves when it takes calls or is over. */
  async begin(options: () => MemberConfig): Promise<void> {
    try {
      await this.#open(options())
    } catch (error) {
      this.fail(error)
    }
  }

  /** It ends itself. */
  fail(error: unknown): void {
    if (this.#isOver) return
    const reason = error instanceof Error ? error : new Error(String(error))
    this.#ground.log.say(this.#ground.name, `exits: ${reason.message}`)
    this.kill(reason)
  }

  /** Ends it at once. */
  kill(reason?: Error): void {
    if (this.#isOver) return
    this.#isOver = true
    const { clock, network, disk } = this.#ground
    clock.end()
    network.drop(clock)
    disk.kill()
    this.#ground.onOver(reason)
    this.#member?.abandon()
    this.#end()
  }

  /** Ends it in order, as SIGTERM does. */
  async stop(): Promise<void> {
    const member = this.#member
    if (!this.#isUp || member === undefined) return this.kill()
    const doors = this.#clients?.close(STOP_GRACE_MS)
    await member.drained(STOP_GRACE_MS)
    try {
      await member.stop()
    } catch (error) {
      this.fail(error)
      return
    }
    await doors
    await this.#peers?.close(0)
    this.kill()
  }

  async #open(config: MemberConfig): Promise<void> {
    const { name, clock, random, network, disk, databases, log } = this.#ground
    const node = network.attach(name, clock)
    const host: Host = {
      clock,
      random,
      disk: disk.mount(),
      databases,
      transport: node,
      listener: node,
      log: worldLog(log, name, clock),
      exit: (reason) => this.fail(reason),
    }
    const member = await Member.open(host, config, true, this.#ground.hooks)
    this.#member = member
    if (this.#isOver) {
      member.abandon()
      return
    }
    const { listenPeerUrls, listenClientUrls, maxRequestBytes } = config
    const requestBytesMax = maxRequestBytes + REQUEST_OVERHEAD_BYTES
    this.#peers = await node.listen(
      { url: listenPeerUrls[0]!, requestBytesMax: PEER_MESSAGE_BYTES_MAX },
      peerService(member.peerTarget),
    )
    this.#clients = await node.listen(
      { url: listenClientUrls[0]!, requestBytesMax },
      clientServices(member, host),
    )
    this.#isUp = true
    log.say(name, 'up')
  }
}
