/** The state of single members, which of them leads, and the care that they need. */

import { toCount } from './bytes.js'
import type { Calls } from './calls.js'
import { toMemberId } from './cluster.js'
import type { Connection, RequestOptions } from './connection/connection.js'
import { ConclaveError, errorOf, invalidArgument } from './errors.js'
import { writeWhole } from './host/file-new.js'
import { inWords } from './in-words.js'
import { SERVICE_NAMES, SNAPSHOT_NAMES } from './option-names.js'
import { checkOptions, requestOnly } from './request-checks.js'
import { type Header, headerOf } from './requests.js'
import { type SnapshotChunk, type SnapshotOptions, takeSnapshot } from './snapshot.js'
import { AlarmAction, AlarmType, DowngradeAction } from './wire/generated/rpc.js'
import { Maintenance } from './wire/methods.js'

/** How one member is. */
export interface MemberStatus {
  /** Version of etcd that it is, or is compatible with. */
  readonly version: string
  /** Version of what it stores; empty before etcd 3.6. */
  readonly storageVersion: string
  /** Bytes of its database file. */
  readonly dbSizeBytes: number
  /** Bytes of it that hold data. */
  readonly dbSizeInUseBytes: number
  /** Bytes that it may have; 0 when the member does not say (etcd before 3.6). */
  readonly dbSizeQuotaBytes: number
  /** Whom it takes for the leader; 0n when it knows none. */
  readonly leader: bigint
  readonly raftTerm: number
  readonly raftIndex: number
  readonly raftAppliedIndex: number
  readonly isLearner: boolean
  /** What is wrong with it, such as alarms; empty when nothing is. */
  readonly errors: string[]
  /** `memberId` is the member that answered. */
  readonly header: Header
}

/** What a member has raised an alarm about. */
export interface Alarm {
  readonly memberId: bigint
  /** `no-space`: its database has reached its quota. `corrupt`: its data differs from the others'. */
  readonly kind: 'no-space' | 'corrupt' | 'unknown'
}

/** A checksum of a member's whole database; members whose databases hold the same may differ. */
export interface DatabaseHash {
  readonly hash: number
  /** `memberId` is the member that answered. */
  readonly header: Header
}

/** A checksum of a member's keys: the same on all members for the same two revisions. */
export interface KeysHash {
  readonly hash: number
  /** The revision up to which keys were hashed; 0 when the member does not say (etcd before 3.6). */
  readonly hashRevision: number
  /** Up to where the member has forgotten the past; 0 or less when it has not. */
  readonly compactRevision: number
  /** `memberId` is the member that answered. */
  readonly header: Header
}

/** A snapshot in a file. */
export interface SavedSnapshot {
  /** Size of the file: the database and its digest of 32 bytes. */
  readonly bytes: number
  /** The version of the storage; empty before etcd 3.6. */
  readonly version: string
}

/**
 * The maintenance service of a client.
 *
 * Where a method takes an `endpoint`, it is one of the client's endpoints, and that member
 * alone is asked, once.
 *
 * @example
 * for (const endpoint of client.endpoints) {
 *   const { version, dbSizeInUseBytes, errors } = await client.maintenance.status(endpoint)
 *   console.log(endpoint, version, dbSizeInUseBytes, errors)
 * }
 */
export class MaintenanceClient {
  readonly #connection: Connection
  readonly #calls: Calls

  constructor(connection: Connection, calls: Calls) {
    this.#connection = connection
    this.#calls = calls
  }

  /**
   * How a member is.
   *
   * @param endpoint the endpoint in use when absent.
   */
  async status(endpoint?: string, options: RequestOptions = {}): Promise<MemberStatus> {
    requestOnly(options)
    const { status } = Maintenance
    const response = await this.#calls.call(status, {}, 'read', { ...options, endpoint })
    return {
      version: response.version,
      storageVersion: response.storageVersion,
      dbSizeBytes: response.dbSize,
      dbSizeInUseBytes: response.dbSizeInUse,
      dbSizeQuotaBytes: response.dbSizeQuota,
      leader: response.leader,
      raftTerm: response.raftTerm,
      raftIndex: response.raftIndex,
      raftAppliedIndex: response.raftAppliedIndex,
      isLearner: response.isLearner,
      errors: response.errors,
      header: headerOf(response.header),
    }
  }

  /** All alarms of the cluster. */
  async alarms(options: RequestOptions = {}): Promise<Alarm[]> {
    const request = { action: AlarmAction.GET, alarm: AlarmType.NONE }
    const { alarms } = await this.#calls.call(
      Maintenance.alarm,
      request,
      'read',
      requestOnly(options),
    )
    return alarms.map(({ memberID, alarm }) => ({ memberId: memberID, kind: kindOf(alarm) }))
  }

  /**
   * Takes alarms back, when what they are about is mended: writes are accepted again.
   *
   * A member that still is over its quota raises its alarm anew with the next write.
   *
   * @param alarm one of {@link alarms}; all of them when absent.
   * @returns those that were taken back.
   * @throws {ConclaveError} `outcome-unknown`, ….
   */
  async disarm(alarm?: Alarm, options: RequestOptions = {}): Promise<Alarm[]> {
    const known = async () => (await this.alarms(options)).filter(({ kind }) => kind !== 'unknown')
    if (alarm !== undefined && (typeof alarm !== 'object' || alarm === null))
      throw invalidArgument(`An alarm is one of alarms(), not ${inWords(alarm)}.`)
    const disarmed = alarm === undefined ? await known() : [alarm]
    for (const { memberId, kind } of disarmed) {
      const request = { action: AlarmAction.DEACTIVATE, memberID: memberId, alarm: typeOf(kind) }
      await this.#calls.call(Maintenance.alarm, request, 'write', requestOnly(options))
    }
    return disarmed
  }

  /**
   * Gives the free space of a member's database back to its disk. The member answers
   * nothing else meanwhile: do one after the other, the leader last.
   *
   * @param options.timeoutMs allow more than usual: it rewrites the whole database.
   * @throws {ConclaveError} `unimplemented` (our own server needs none), `outcome-unknown`, ….
   */
  async defragment(endpoint: string, options: RequestOptions = {}): Promise<void> {
    requestOnly(options)
    if (typeof endpoint !== 'string')
      throw invalidArgument('Name the endpoint of the member that is to be defragmented.')
    await this.#calls.call(Maintenance.defragment, {}, 'write', { ...options, endpoint })
  }

  /**
   * A checksum of a member's whole database, as it lies on its disk.
   *
   * @param endpoint the endpoint in use when absent.
   * @throws {ConclaveError} `unimplemented` by our own server, ….
   */
  async hash(endpoint?: string, options: RequestOptions = {}): Promise<DatabaseHash> {
    requestOnly(options)
    const { hash } = Maintenance
    const response = await this.#calls.call(hash, {}, 'read', { ...options, endpoint })
    return { hash: response.hash, header: headerOf(response.header) }
  }

  /**
   * A checksum of a member's keys and their history, to be compared with that of others.
   *
   * @param endpoint the endpoint in use when absent.
   * @param options.revision up to which revision; what the member has when absent.
   * @throws {ConclaveError} `compacted`, `future-revision`, ….
   */
  async hashKv(
    endpoint?: string,
    options: RequestOptions & { readonly revision?: number } = {},
  ): Promise<KeysHash> {
    checkOptions(options, SERVICE_NAMES.hashKv)
    const request = { revision: toCount(options.revision, 'revision') }
    const { hashKV } = Maintenance
    const response = await this.#calls.call(hashKV, request, 'read', { ...options, endpoint })
    const { hash, hashRevision, compactRevision } = response
    return { hash, hashRevision, compactRevision, header: headerOf(response.header) }
  }

  /**
   * A copy of a member's whole database as a stream of pieces, which together are the file
   * that `etcdctl snapshot restore` takes. It flows as fast as it is read.
   *
   * Only when the iteration has ended without an error is the copy whole and its checksum
   * right; throw away what came before an error.
   *
   * @throws {ConclaveError} `snapshot-damaged` (incomplete, or the checksum does not fit),
   *   `unimplemented` (our own server does not offer it yet), `unavailable`,
   *   `deadline-exceeded`, `cancelled`, `closed`, ….
   */
  snapshot(options: SnapshotOptions = {}): AsyncGenerator<SnapshotChunk, void, undefined> {
    checkOptions(options, SNAPSHOT_NAMES.snapshot)
    return takeSnapshot(this.#connection, options)
  }

  /**
   * Writes a {@link snapshot} to a file. The file is there whole, checked and synced, or not
   * at all: it is written under another name beside it and replaces what is at `path` at the
   * end. Only its owner may read it.
   *
   * @example
   * await client.maintenance.saveSnapshot('backup.db', {
   *   onProgress: ({ receivedBytes, remainingBytes }) => console.log(receivedBytes, remainingBytes),
   * })
   *
   * @param options.onProgress called after each piece.
   * @throws {ConclaveError} as {@link snapshot}; `file-not-written` with the disk's error as `cause`.
   */
  async saveSnapshot(
    path: string,
    options: SnapshotOptions & { readonly onProgress?: (chunk: SnapshotChunk) => void } = {},
  ): Promise<SavedSnapshot> {
    checkOptions(options, SNAPSHOT_NAMES.saveSnapshot)
    if (typeof path !== 'string' || path === '')
      throw invalidArgument('The path of a file is a string that is not empty.')
    let last: SnapshotChunk | undefined
    const chunks = takeSnapshot(this.#connection, options)
    async function* told(): AsyncGenerator<Uint8Array> {
      for await (const chunk of chunks) {
        yield chunk.bytes
        last = chunk
        options.onProgress?.(chunk)
      }
    }
    try {
      await writeWhole(path, told())
    } catch (error) {
      if (error instanceof ConclaveError || !isDisks(error)) throw error
      const message = `The file could not be written (${error.message}).`
      throw new ConclaveError('file-not-written', message, { cause: error })
    }
    return { bytes: last?.receivedBytes ?? 0, version: last?.version ?? '' }
  }

  /**
   * Hands leadership to another member. The leader must be among the client's endpoints:
   * it is looked for, and asked.
   *
   * @param id the member that shall lead; nothing happens when it does already.
   * @throws {ConclaveError} `not-leader` (no endpoint leads), `invalid-argument` (no such
   *   member, or a learner), `outcome-unknown` (it did not take over in time).
   */
  async moveLeader(id: bigint, options: RequestOptions = {}): Promise<void> {
    requestOnly(options)
    const request = { targetID: toMemberId(id) }
    const leader = await this.#leaderEndpoint(options)
    const { moveLeader } = Maintenance
    await this.#calls.call(moveLeader, request, 'write', { ...options, endpoint: leader })
  }

  /**
   * Could the cluster go back to this version?
   *
   * @param version such as `3.5`.
   * @returns the version of the cluster now.
   * @throws {ConclaveError} `invalid-argument` (it cannot), `member-not-ready` (a downgrade is
   *   under way), `unimplemented` (etcd before 3.6, and our own server).
   */
  async validateDowngrade(version: string, options: RequestOptions = {}): Promise<string> {
    return this.#downgrade(
      DowngradeAction.VALIDATE,
      toVersion(version),
      'read',
      requestOnly(options),
    )
  }

  /**
   * Lets the cluster go back to this version, member by member.
   *
   * @param version such as `3.5`.
   * @returns the version of the cluster now.
   * @throws {ConclaveError} as {@link validateDowngrade}; `outcome-unknown`.
   */
  async enableDowngrade(version: string, options: RequestOptions = {}): Promise<string> {
    return this.#downgrade(
      DowngradeAction.ENABLE,
      toVersion(version),
      'write',
      requestOnly(options),
    )
  }

  /**
   * Takes {@link enableDowngrade} back.
   *
   * @returns the version of the cluster now.
   * @throws {ConclaveError} `member-not-ready` (none is under way), `unimplemented`, `outcome-unknown`.
   */
  async cancelDowngrade(options: RequestOptions = {}): Promise<string> {
    return this.#downgrade(DowngradeAction.CANCEL, '', 'write', requestOnly(options))
  }

  async #downgrade(
    action: DowngradeAction,
    version: string,
    intent: 'read' | 'write',
    options: RequestOptions,
  ): Promise<string> {
    const { downgrade } = Maintenance
    return (await this.#calls.call(downgrade, { action, version }, intent, requestOnly(options)))
      .version
  }

  /** The endpoint of the member that leads. @throws {ConclaveError} `not-leader`. */
  async #leaderEndpoint(options: RequestOptions): Promise<string> {
    const addresses = this.#connection.endpoints.all.map(({ address }) => address)
    const answers = await Promise.allSettled(
      addresses.map((address) => this.status(address, options)),
    )
    for (const [i, answer] of answers.entries())
      if (answer.status === 'fulfilled' && answer.value.header.memberId === answer.value.leader)
        return addresses[i]!
    const failed = answers.find((answer) => answer.status === 'rejected')
    if (failed !== undefined && answers.every(({ status }) => status === 'rejected'))
      throw failed.reason
    throw errorOf('not-leader', failed && { cause: failed.reason })
  }
}

function kindOf(alarm: AlarmType): Alarm['kind'] {
  if (alarm === AlarmType.NOSPACE) return 'no-space'
  return alarm === AlarmType.CORRUPT ? 'corrupt' : 'unknown'
}

function typeOf(kind: Alarm['kind']): AlarmType {
  if (kind === 'no-space') return AlarmType.NOSPACE
  if (kind === 'corrupt') return AlarmType.CORRUPT
  throw invalidArgument(`An alarm to disarm is 'no-space' or 'corrupt', not ${inWords(kind)}.`)
}

function toVersion(version: unknown): string {
  if (typeof version === 'string' && /^\d+\.\d+(\.\d+)?$/.test(version)) return version
  throw invalidArgument(`A version is text such as '3.5', not ${inWords(version)}.`)
}

/** Did the operating system say so? By its mark and not by class: it may be an Error of another realm. */
function isDisks(error: unknown): error is Error {
  return typeof error === 'object' && error !== null && 'syscall' in error
}
