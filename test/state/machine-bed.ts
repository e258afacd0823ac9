/**
 * One state machine on a database in memory, to be fed, restarted, crashed and copied.
 *
 * The bed plays the log: it numbers commands, keeps every entry, and after a crash
 * replays what the backend has not got, as a member does.
 */

import type { Init } from '../../client/wire/codec.js'
import { encodeBytes } from '../../client/wire/codec.js'
import type { EtcdErrorName } from '../../client/wire/etcd-errors.js'
import { etcdErrorNamed } from '../../client/wire/etcd-errors.js'
import { Command } from '../../client/wire/generated/command.js'
import {
  ConfigChange,
  type ConfState,
  type Entry,
  EntryType,
} from '../../client/wire/generated/raft.js'
import { MemoryDatabases } from '../../server/host/database-memory.js'
import { changeConfig } from '../../server/raft/config-change.js'
import type { Applied, ApplyResponse } from '../../server/state/applied.js'
import { StateMachine, type StateMachineOptions } from '../../server/state/machine.js'
import { Backend } from '../../server/storage/backend.js'
import { TABLES } from '../../server/storage/tables.js'
import { VirtualClock } from '../sim/virtual-clock.js'

/** Settings of the machine that a bed opens. */
export type BedOptions = Omit<StateMachineOptions, 'backend' | 'clock'>

const PATH = 'db'

/** See the head of the file. */
export class MachineBed {
  /** Of the present life: a crash ends it and whatever waits on it. */
  clock = new VirtualClock()
  readonly entries: Entry[] = []
  term = 1
  machine!: StateMachine
  backend!: Backend
  readonly #options: BedOptions
  readonly #databases: MemoryDatabases

  private constructor(options: BedOptions) {
    this.#options = options
    this.#databases = new MemoryDatabases()
  }

  /** An empty machine. */
  static async open(options: BedOptions = {}): Promise<MachineBed> {
    const bed = new MachineBed(options)
    await bed.#start()
    return bed
  }

  /** A machine that was bootstrapped with voters 1 to `count`. */
  static async founded(count: number, options: BedOptions = {}): Promise<MachineBed> {
    const bed = await MachineBed.open(options)
    const ids = Array.from({ length: count }, (_, i) => BigInt(i + 1))
    bed.machine.bootstrap({
      clusterId: 77n,
      members: ids.map((ID) => ({
        ID,
        name: `m${ID}`,
        peerUrls: [`http://peer:${ID}`],
        clientUrls: [],
        isLearner: false,
      })),
      index: 1,
      term: 1,
      confState: {
        voters: ids,
        learners: [],
        votersOutgoing: [],
        learnersNext: [],
        autoLeave: false,
      },
    })
    return bed
  }

  /** The entry after the last one. */
  entry(data: Uint8Array, type: EntryType = EntryType.NORMAL): Entry {
    const last = this.entries.at(-1)?.index ?? this.machine.appliedIndex
    const entry = { index: last + 1, term: this.term, type, data }
    this.entries.push(entry)
    return entry
  }

  /** Applies a command and returns all that the machine says. */
  apply(command: Init<Command>): Applied {
    const applied = this.machine.apply(this.entry(encodeBytes(Command, command)))
    if (applied === undefined) throw new Error('the entry was taken for a replay')
    return applied
  }

  /** Applies a command that succeeds and returns its response. */
  ok<Response = ApplyResponse>(command: Init<Command>): Response {
    const { result } = this.apply(command)
    if (!result.ok) throw result.error
    return result.response as Response
  }

  /** Applies a command that is refused and returns the name of the error. */
  refused(command: Init<Command>): EtcdErrorName | undefined {
    const { result } = this.apply(command)
    if (result.ok) throw new Error('the command was not refused')
    return etcdErrorNamed(result.error.details)
  }

  /** Applies a change of the membership; raft's part is played by its pure function. */
  change(change: ConfigChange): Applied | undefined {
    const entry = this.entry(encodeBytes(ConfigChange, change), EntryType.CONFIG_CHANGE)
    return this.machine.applyConfigChange(entry, (legal) => this.#raft(legal))
  }

  /** Feeds entries of another bed. */
  feed(entries: readonly Entry[]): void {
    for (const entry of entries) {
      this.entries.push(entry)
      this.#replay(entry)
    }
  }

  /** Closes everything cleanly and opens it again. */
  async restart(): Promise<void> {
    this.machine.close()
    await this.backend.close()
    await this.#start()
  }

  /**
   * The process dies now. What was not committed is gone, except that of the batches
   * under way `survivors` reached the disk. Then it starts again and replays the log.
   */
  async crash(survivors = 0): Promise<void> {
    this.clock.stop()
    this.machine.close()
    this.#databases.crash(survivors)
    this.clock = new VirtualClock({ nowMs: this.clock.now() })
    await this.#start()
    for (const entry of this.entries) this.#replay(entry)
  }

  /** Another bed on a copy of this one's durable state: what a snapshot gives. */
  async copy(options: BedOptions = this.#options): Promise<MachineBed> {
    const snapshot = await this.backend.snapshot()
    const bed = new MachineBed(options)
    const database = await bed.#databases.open(PATH, TABLES)
    const batch = TABLES.flatMap((table) =>
      [...snapshot.entries(table)].map(([key, value]) => ({ table, key, value })),
    )
    await database.write(batch)
    await database.close()
    snapshot.close()
    bed.term = this.term
    await bed.#start()
    return bed
  }

  async #start(): Promise<void> {
    const database = await this.#databases.open(PATH, TABLES)
    this.backend = new Backend({
      database,
      clock: this.clock,
      onFatal: (reason) => {
        throw reason
      },
    })
    this.machine = await StateMachine.open({
      ...this.#options,
      backend: this.backend,
      clock: this.clock,
    })
  }

  #replay(entry: Entry): void {
    if (entry.type === EntryType.CONFIG_CHANGE)
      this.machine.applyConfigChange(entry, (legal) => this.#raft(legal))
    else this.machine.apply(entry)
  }

  #raft(change: ConfigChange): ConfState {
    const next = changeConfig(this.machine.confState, change)
    return next.ok ? next.confState : this.machine.confState
  }
}
