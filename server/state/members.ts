/**
 * The members of the cluster: the one copy, in replicated state.
 *
 * Table `member` holds a record for each member, a mark for each id that was ever
 * removed, and the cluster's id. Removed ids are remembered for ever, so nobody
 * returns from the dead (etcd #13196, #20967). An update names the fields that it
 * changes and leaves the others (etcd PR #21736). Raft's voter sets are kept beside
 * it by the machine, in the same batch.
 */

import { etcdErrors } from '../../client/wire/etcd-errors.js'
import { type MemberAttributes, MemberRecord } from '../../client/wire/generated/command.js'
import type { Backend } from '../storage/backend.js'
import { compareIds, idKey } from './id-key.js'

const TABLE = 'member'
const CLUSTER_ID = 'cluster'
const MEMBER = 'member/'
const REMOVED = 'removed/'

/** See the head of the file. */
export class Members {
  readonly #backend: Backend
  readonly #records = new Map<bigint, MemberRecord>()
  readonly #removed = new Set<bigint>()
  #clusterId = 0n

  constructor(backend: Backend) {
    this.#backend = backend
    for (const [key, bytes] of backend.entries(TABLE)) {
      if (key === CLUSTER_ID) this.#clusterId = MemberRecord.decode(bytes).ID
      else if (key.startsWith(MEMBER)) this.#remember(MemberRecord.decode(bytes))
      else if (key.startsWith(REMOVED)) this.#removed.add(MemberRecord.decode(bytes).ID)
    }
  }

  /** 0n before bootstrap. */
  get clusterId(): bigint {
    return this.#clusterId
  }

  /** How many members there are, learners included. */
  get size(): number {
    return this.#records.size
  }

  /** All members, by id. */
  list(): MemberRecord[] {
    return [...this.#records.values()].sort((a, b) => compareIds(a.ID, b.ID))
  }

  /** The member with this id. */
  get(id: bigint): MemberRecord | undefined {
    return this.#records.get(id)
  }

  /** Whether a member with this id was removed, ever. */
  isRemoved(id: bigint): boolean {
    return this.#removed.has(id)
  }

  /** Every id that was removed, ascending. */
  removed(): bigint[] {
    return [...this.#removed].sort(compareIds)
  }

  /**
   * Refuses a member that cannot be added.
   *
   * @param learnersMax most learners in the cluster; see member-change.ts.
   * @throws memberNotFound (the id was removed), memberExist, peerURLExist, tooManyLearners
   */
  checkAdd(record: MemberRecord, learnersMax = Number.POSITIVE_INFINITY): void {
    if (this.#removed.has(record.ID)) throw etcdErrors.memberNotFound.error()
    if (this.#records.has(record.ID)) throw etcdErrors.memberExist.error()
    this.#checkPeerUrls(record)
    const learners = [...this.#records.values()].filter((member) => member.isLearner)
    if (record.isLearner && learners.length >= learnersMax) throw etcdErrors.tooManyLearners.error()
  }

  /** @throws memberNotFound, memberNotLearner */
  checkPromote(id: bigint): void {
    if (!this.#known(id).isLearner) throw etcdErrors.memberNotLearner.error()
  }

  /** @throws memberNotFound */
  checkRemove(id: bigint): void {
    this.#known(id)
  }

  /** @throws memberNotFound, peerURLExist */
  checkUpdate(record: Pick<MemberRecord, 'ID' | 'peerUrls'>): void {
    this.#known(record.ID)
    this.#checkPeerUrls(record)
  }

  // Replicated: by apply only, after the check of the same name.

  /** The founders. Every member calls it with the same arguments, before any entry is applied. */
  bootstrap(clusterId: bigint, records: readonly MemberRecord[]): void {
    if (this.#clusterId !== 0n) throw new Error('The members are bootstrapped already')
    this.#clusterId = clusterId
    this.#backend.put(TABLE, CLUSTER_ID, MemberRecord.encode({ ID: clusterId }).finish())
    for (const record of records) this.#store(record)
  }

  add(record: MemberRecord): void {
    this.#store(record)
  }

  promote(id: bigint): void {
    this.#store({ ...this.#known(id), isLearner: false })
  }

  remove(id: bigint): void {
    this.#records.delete(id)
    this.#removed.add(id)
    this.#backend.delete(TABLE, MEMBER + idKey(id))
    this.#backend.put(TABLE, REMOVED + idKey(id), MemberRecord.encode({ ID: id }).finish())
  }

  updatePeerUrls(id: bigint, peerUrls: readonly string[]): void {
    this.#store({ ...this.#known(id), peerUrls: [...peerUrls] })
  }

  /** A member told its name and client URLs. @throws memberNotFound */
  updateAttributes({ memberId, name, clientUrls }: MemberAttributes): void {
    this.#store({ ...this.#known(memberId), name, clientUrls: [...clientUrls] })
  }

  #known(id: bigint): MemberRecord {
    const record = this.#records.get(id)
    if (record === undefined) throw etcdErrors.memberNotFound.error()
    return record
  }

  #checkPeerUrls({ ID, peerUrls }: Pick<MemberRecord, 'ID' | 'peerUrls'>): void {
    const wanted = new Set(peerUrls)
    for (const other of this.#records.values())
      if (other.ID !== ID && other.peerUrls.some((url) => wanted.has(url)))
        throw etcdErrors.peerURLExist.error()
  }

  #store(record: MemberRecord): void {
    this.#remember(record)
    this.#backend.put(TABLE, MEMBER + idKey(record.ID), MemberRecord.encode(record).finish())
  }

  #remember(record: MemberRecord): void {
    this.#records.set(record.ID, record)
  }
}
