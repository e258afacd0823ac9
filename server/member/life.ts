/**
 * A member's life over its parts:
 *
 *     start -> tick, tick, ... -> stop:    hand leadership over, halt, close in order
 *                              -> abandon: halt at once, make nothing durable any more
 *
 * Halting comes once and ends every part in the same turn; who waits gets etcd's error of
 * a stopped server.
 */

import type { Timer } from '../../client/host/clock.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import type { RpcError } from '../../client/wire/status.js'
import { successorOf } from './leadership.js'
import type { Parts } from './parts.js'

/** See the head of the file. */
export class Life {
  readonly #parts: Parts
  readonly #onStop = new Set<() => void>()
  #tick: Timer | undefined
  #stopped: RpcError | undefined
  #abandoned = false
  /** The data is being given back, or was. */
  #closing: Promise<void> | undefined

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** What callers get since this member halted; undefined while it runs. */
  get stopped(): RpcError | undefined {
    return this.#stopped
  }

  /** Calls `run` when this member ends; the result takes that back. */
  onStop(run: () => void): () => void {
    this.#onStop.add(run)
    return () => this.#onStop.delete(run)
  }

  /** Takes part from now on. A voter that is alone need not wait for an election. */
  start(): void {
    const { machine, id, raft, reconfiguration, loop, ground } = this.#parts
    reconfiguration.opened()
    this.#armTick()
    const { voters, votersOutgoing } = machine.confState
    if (voters.length === 1 && voters[0] === id && votersOutgoing.length === 0) raft.campaign()
    loop.wake()
    this.#parts.log.info('member started', {
      cluster: this.#parts.clusterId.toString(16),
      appliedIndex: machine.appliedIndex,
      revision: machine.store.revision,
      fresh: ground.booted.fresh,
    })
  }

  #armTick(): void {
    const { host, config } = this.#parts.ground
    this.#tick = host.clock.after(config.heartbeatIntervalMs, () => {
      this.#armTick()
      this.#parts.inputs.tick()
    })
  }

  /** Hands leadership over, makes everything durable, and gives the data directory back. Idempotent. */
  stop(): Promise<void> {
    this.#closing ??= this.#handOver().then(() => this.#close())
    return this.#closing
  }

  /** Ends at once. The data directory is given back behind the caller's back; {@link stop} tells when. */
  abandon(): void {
    if (this.#stopped !== undefined) return
    this.#abandoned = true
    this.#halt()
    const closing = this.#closing ?? this.#close()
    this.#closing = closing
    closing.catch((error: unknown) =>
      this.#parts.log.warn('the data could not be closed in order', { error: String(error) }),
    )
  }

  /** Gives leadership to the most advanced voter; after an election timeout it stops asking. */
  async #handOver(): Promise<void> {
    const { raft, log, reconfiguration } = this.#parts
    const to = this.#parts.isLeader ? successorOf(raft.state) : undefined
    if (to === undefined) return
    log.info('handing leadership over', { to: to.toString(16) })
    await reconfiguration.transfer.start(to, () => !this.#parts.isLeader)
  }

  #halt(): void {
    const parts = this.#parts
    const error = etcdErrors.stopped.error()
    this.#stopped = error
    this.#tick?.cancel()
    parts.loop.stop()
    parts.keeper.stop()
    parts.publisher.stop()
    parts.leadership.stop()
    parts.proposals.stop(error)
    parts.leaseCalls.stop(error)
    parts.reconfiguration.stop(error)
    parts.reads.stop(error)
    parts.pipelines.stop(error)
    parts.watchHub.close()
    parts.peers.close()
    for (const run of [...this.#onStop]) run()
  }

  async #close(): Promise<void> {
    if (this.#stopped === undefined) this.#halt()
    const { wal, state, directory } = this.#parts.ground.booted
    const stopping = this.#parts.snapshots.stop()
    try {
      await Promise.all([stopping, this.#abandoned ? state.abandon() : wal.close()])
      await (this.#abandoned ? wal.close() : state.close())
    } finally {
      await directory.close()
    }
  }
}
