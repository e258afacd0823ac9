/**
 * Whole states on their way: sent to members that are too far behind, and received.
 *
 * Sending: raft says that a peer needs a snapshot; we commit the backend, freeze it,
 * put the frozen state's own index into the message and stream it. Receiving: the
 * bytes go to a file; only when it is complete, verified and durable is the message
 * given to raft, which then asks for the install. One snapshot is received at a time:
 * the one offered last, unless an earlier leader offers it. A leader sends one at a time
 * too, so the one before has lost its sender, although its connection may not know.
 */

import type { Clock } from '../../client/host/clock.js'
import type { Log } from '../../client/host/log.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import type { SnapshotHeader } from '../../client/wire/generated/peer.js'
import type { Message, SnapshotMetadata } from '../../client/wire/generated/raft.js'
import { RpcError, Status } from '../../client/wire/status.js'
import type { IncomingSnapshot } from '../cluster/peer-service.js'
import type { Peers } from '../cluster/peers.js'
import { sendSnapshot } from '../cluster/snapshot-send.js'
import type { DatabaseSnapshot } from '../host/database.js'
import type { Disk } from '../host/disk.js'
import { SNAPSHOTS_SENDING_MAX } from '../limits.js'
import { SnapshotReceiver } from '../storage/snapshot-receiver.js'
import { snapshotBytes } from '../storage/snapshot-stream.js'
import { TABLES } from '../storage/tables.js'

/** What the traffic needs of its member. */
export interface SnapshotTrafficOptions {
  readonly clock: Clock
  readonly disk: Disk
  readonly log: Log
  readonly peers: Peers
  readonly clusterId: bigint
  readonly selfId: bigint
  readonly directory: string
  /** A frozen view of the state, and the point of the log that it stands for. */
  readonly freeze: () => Promise<{ snapshot: DatabaseSnapshot; metadata: SnapshotMetadata }>
  /** Raft should hear of it. */
  readonly report: (peer: bigint, ok: boolean) => void
  readonly step: (message: Message) => void
  /** Raft accepted a snapshot and its install is not over. */
  readonly installing: () => boolean
}

/** A snapshot that is being received. */
interface Incoming {
  readonly term: number
  readonly receiver: SnapshotReceiver
}

/** The snapshots of one member that are under way. */
export class SnapshotTraffic {
  readonly #options: SnapshotTrafficOptions
  readonly #sending = new Set<bigint>()
  readonly #abort = new AbortController()
  #incoming: Incoming | undefined
  #stopped = false
  /** Complete files by snapshot index: to be installed, or refused by raft and left over. */
  readonly #received = new Map<number, string>()

  constructor(options: SnapshotTrafficOptions) {
    this.#options = options
  }

  /** Raft's SNAPSHOT message, its metadata still to be filled in. */
  send(message: Message): void {
    const { peers, report } = this.#options
    const channel = peers.channel(message.to)
    if (
      channel === undefined ||
      this.#sending.has(message.to) ||
      this.#sending.size >= SNAPSHOTS_SENDING_MAX
    ) {
      report(message.to, false)
      return
    }
    this.#sending.add(message.to)
    void this.#send(message).finally(() => this.#sending.delete(message.to))
  }

  async #send(message: Message): Promise<void> {
    const { clock, log, peers, clusterId, selfId, freeze, report } = this.#options
    const startedAtMs = clock.now()
    let frozen: DatabaseSnapshot | undefined
    try {
      const { snapshot, metadata } = await freeze()
      frozen = snapshot
      const channel = peers.channel(message.to)
      if (channel === undefined) throw new Error('the member was removed')
      const header = { clusterId, from: selfId, message: { ...message, snapshot: metadata } }
      await sendSnapshot(
        channel,
        header,
        snapshotBytes(snapshot, TABLES, metadata, clock),
        this.#abort.signal,
      )
      const tookMs = Math.round(clock.now() - startedAtMs)
      log.info('sent a snapshot', { to: message.to.toString(16), index: metadata.index, tookMs })
      report(message.to, true)
    } catch (error) {
      log.warn('could not send a snapshot; raft will ask again', {
        to: message.to.toString(16),
        error: error instanceof Error ? error.message : String(error),
      })
      report(message.to, false)
    } finally {
      frozen?.close()
    }
  }

  /** A peer offers a snapshot. @throws {RpcError} when a later leader's is under way, or being installed, or after a stop. */
  async receive(header: SnapshotHeader): Promise<IncomingSnapshot> {
    const { disk, directory, log, clock, step, installing } = this.#options
    const { message } = header
    const metadata = message?.snapshot
    if (message === undefined || metadata === undefined)
      throw new RpcError(Status.INVALID_ARGUMENT, 'a snapshot header needs its raft message')
    this.#assertRunning()
    const before = this.#incoming
    if (before !== undefined && before.term > message.term)
      throw etcdErrors.requestTooManyRequests.error()
    const receiver = new SnapshotReceiver({ disk, directory, metadata })
    const own = { term: message.term, receiver }
    this.#incoming = own
    try {
      await before?.receiver.abort()
      // What was stepped in this turn must first become an install, or be refused by raft.
      await new Promise<void>((resolve) => clock.soon(resolve))
      if (installing() || this.#incoming !== own) throw etcdErrors.requestTooManyRequests.error()
      await this.#discardReceived()
      this.#assertRunning()
    } catch (error) {
      this.#over(own)
      throw error
    }
    return {
      write: (data) => receiver.write(data),
      finish: async () => {
        this.#received.set(metadata.index, await receiver.finish())
        this.#over(own)
        this.#assertRunning()
        log.info('received a snapshot', { from: header.from.toString(16), index: metadata.index })
        step(message)
      },
      abort: async () => {
        this.#over(own)
        await receiver.abort()
      },
    }
  }

  #over(incoming: Incoming): void {
    if (this.#incoming === incoming) this.#incoming = undefined
  }

  /** The file of a snapshot that raft wants installed. */
  fileOf(metadata: SnapshotMetadata): string {
    const path = this.#received.get(metadata.index)
    if (path === undefined)
      throw new Error(`raft installs a snapshot at index ${metadata.index} that was never received`)
    return path
  }

  /** The install is over: the files may go. */
  installed(): Promise<void> {
    return this.#discardReceived()
  }

  async #discardReceived(): Promise<void> {
    for (const [index, path] of this.#received) {
      this.#received.delete(index)
      await this.#options.disk.remove(path)
    }
  }

  /** Ends what is under way. Resolves when nothing more reaches the disk. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#abort.abort()
    await this.#incoming?.receiver.abort()
  }

  #assertRunning(): void {
    if (this.#stopped) throw etcdErrors.stopped.error()
  }
}
