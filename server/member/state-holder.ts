/**
 * The backend and the machine on it, and how a received snapshot replaces both.
 *
 * Everything in memory is made anew from the new backend (etcd #14571); whoever holds
 * on to the old machine reads a closed one, so nobody keeps it across turns.
 */

import type { SnapshotMetadata } from '../../client/wire/generated/raft.js'
import type { MemberConfig } from '../config.js'
import type { DatabaseSnapshot } from '../host/database.js'
import type { Host } from '../host/host.js'
import { pointOf } from '../state/applied-state.js'
import { StateMachine } from '../state/machine.js'
import { Backend } from '../storage/backend.js'
import type { DataDirectory } from '../storage/data-directory.js'
import { installSnapshot } from '../storage/snapshot-install.js'
import { TABLES } from '../storage/tables.js'
import type { Tuning } from '../tuning.js'

/** What a state is opened with, again after each snapshot. */
interface Ground {
  readonly host: Host
  readonly config: MemberConfig
  readonly directory: DataDirectory
  readonly tuning: Tuning
}

/** See the head of the file. */
export class StateHolder {
  readonly #ground: Ground
  #backend: Backend
  #machine: StateMachine
  /** An install that is under way; it never rejects. */
  #installing: Promise<void> = Promise.resolve()

  /** Opens the database at its path, and the machine on it. */
  static async open(
    host: Host,
    config: MemberConfig,
    directory: DataDirectory,
    tuning: Tuning,
  ): Promise<StateHolder> {
    const ground = { host, config, directory, tuning }
    return new StateHolder(ground, await openBoth(ground))
  }

  private constructor(ground: Ground, opened: Opened) {
    this.#ground = ground
    this.#backend = opened.backend
    this.#machine = opened.machine
  }

  /** The replicated state as of now. */
  get machine(): StateMachine {
    return this.#machine
  }

  /** Sizes of the backend in bytes. */
  get sizes(): { totalBytes: number; usedBytes: number } {
    return this.#backend.sizes()
  }

  /** Whether more may be applied: false while commits are far behind. */
  get hasRoom(): boolean {
    return this.#backend.uncommittedBytes <= this.#ground.tuning.backendUncommittedBytesMax
  }

  /** The point in the log that the state stands for, durable or not. */
  get point(): SnapshotMetadata {
    return pointOf(this.#backend)
  }

  /** Resolves when everything applied so far is durable here. */
  commit(): Promise<void> {
    return this.#backend.commit()
  }

  /** A frozen view, and the point that it stands for: more may have been applied while it was made. */
  async freeze(): Promise<{ snapshot: DatabaseSnapshot; metadata: SnapshotMetadata }> {
    const snapshot = await this.#backend.snapshot()
    return { snapshot, metadata: pointOf(snapshot) }
  }

  /** Replaces the state by the snapshot in this file. Survives a crash at any point: see boot.ts. */
  install(path: string): Promise<void> {
    const installed = this.#install(path)
    this.#installing = installed.catch(() => {})
    return installed
  }

  async #install(path: string): Promise<void> {
    await this.#close()
    const { host, directory } = this.#ground
    await installSnapshot({
      disk: host.disk,
      databases: host.databases,
      path,
      databasePath: directory.databasePath,
      tables: TABLES,
    })
    const { backend, machine } = await openBoth(this.#ground)
    this.#backend = backend
    this.#machine = machine
  }

  /** Commits what is left and closes the database; after an install that is under way. */
  async close(): Promise<void> {
    await this.#installing
    await this.#close()
  }

  /** Closes the database without what is not committed; after an install that is under way. */
  async abandon(): Promise<void> {
    await this.#abandon()
    await this.#installing
    await this.#abandon()
  }

  async #close(): Promise<void> {
    this.#machine.close()
    await this.#backend.close()
  }

  async #abandon(): Promise<void> {
    this.#machine.close()
    await this.#backend.abandon()
  }
}

interface Opened {
  readonly backend: Backend
  readonly machine: StateMachine
}

async function openBoth({ host, config, directory, tuning }: Ground): Promise<Opened> {
  const { clock, log } = host
  const onFatal = (reason: Error): void => host.exit(reason)
  const database = await host.databases.open(directory.databasePath, TABLES)
  const backend = new Backend({
    database,
    clock,
    commitWritesMax: tuning.backendCommitWritesMax,
    onFatal,
  })
  const quotaBytes = config.quotaBackendBytes
  try {
    const machine = await StateMachine.open({
      backend,
      clock,
      quotaBytes,
      leaseCheckpointIntervalMs: tuning.leaseCheckpointIntervalMs,
      sliceRecords: tuning.sliceRecords,
      log,
      onFatal,
    })
    return { backend, machine }
  } catch (error) {
    await backend.abandon()
    throw error
  }
}
