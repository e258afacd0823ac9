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
import { BACKEND_COMMIT_WRITES_MAX, BACKEND_UNCOMMITTED_BYTES_MAX } from '../limits.js'
import { pointOf } from '../state/applied-state.js'
import { StateMachine } from '../state/machine.js'
import { Backend } from '../storage/backend.js'
import type { DataDirectory } from '../storage/data-directory.js'
import { installSnapshot } from '../storage/snapshot-install.js'
import { TABLES } from '../storage/tables.js'

/** See the head of the file. */
export class StateHolder {
  readonly #host: Host
  readonly #config: MemberConfig
  readonly #directory: DataDirectory
  #backend: Backend
  #machine: StateMachine
  /** An install that is under way; it never rejects. */
  #installing: Promise<void> = Promise.resolve()

  /** Opens the database at its path, and the machine on it. */
  static async open(
    host: Host,
    config: MemberConfig,
    directory: DataDirectory,
  ): Promise<StateHolder> {
    return new StateHolder(host, config, directory, await openBoth(host, config, directory))
  }

  private constructor(host: Host, config: MemberConfig, directory: DataDirectory, opened: Opened) {
    this.#host = host
    this.#config = config
    this.#directory = directory
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
    return this.#backend.uncommittedBytes <= BACKEND_UNCOMMITTED_BYTES_MAX
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
    await installSnapshot({
      disk: this.#host.disk,
      databases: this.#host.databases,
      path,
      databasePath: this.#directory.databasePath,
      tables: TABLES,
    })
    const { backend, machine } = await openBoth(this.#host, this.#config, this.#directory)
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

async function openBoth(
  host: Host,
  config: MemberConfig,
  directory: DataDirectory,
): Promise<Opened> {
  const { clock, log } = host
  const onFatal = (reason: Error): void => host.exit(reason)
  const database = await host.databases.open(directory.databasePath, TABLES)
  const backend = new Backend({
    database,
    clock,
    commitWritesMax: BACKEND_COMMIT_WRITES_MAX,
    onFatal,
  })
  const quotaBytes = config.quotaBackendBytes
  try {
    const machine = await StateMachine.open({ backend, clock, quotaBytes, log, onFatal })
    return { backend, machine }
  } catch (error) {
    await backend.abandon()
    throw error
  }
}
