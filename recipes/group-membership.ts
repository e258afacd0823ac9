/**
 * Who is there: members with an id and a payload, who are told of each other.
 *
 * Promise: **a member is in the group from `join()` to `leave()`, or to the end of its lease;
 * it comes back by itself; and everybody who listens hears of each coming, going and change
 * exactly once, in the order in which they were committed.** After a compaction during a
 * partition, and after the list was refused, of several changes of a member only the last is
 * told, marked `synthetic`.
 *
 * A member is a persistent node `<name>/<id>` on a lease. The list is a cache of the keys
 * under `<name>/`: exact by revision, and kept by one watch, only where somebody asks for
 * it; when it is refused it stays as it was and begins anew (member-list.ts). Keys further down, `<name>/a/b`, are another group's.
 *
 * A change of a key is a `join` when there was none, a `leave` when there is none any more,
 * both when the key was created anew in between, and an `update` when its value is another.
 * A member that lost its lease and is back before the server ended that has neither left
 * nor changed, and nothing is told.
 *
 * Two who join under one id: the second waits until the first is gone, at most a TTL after a
 * crash; with `takeOver` it takes the place at once, and the first waits.
 *
 * | | round trips |
 * | --- | --- |
 * | `join` | 1, and 2 for the first session |
 * | `update`, `leave` | 1 |
 * | `ready` | the list, then one watch |
 * | `members()` | 0; with `consistent` 1 small read for all that ask in one turn |
 *
 * Lease lost: we hear `absent` before others can hear `leave`; we join again on the next
 * one. Partition: the list stays as it was, and what was missed is told afterwards. Crash:
 * the others hear `leave` when the lease ends.
 */

import {
  type CacheWait,
  type Compare,
  ConclaveError,
  type ConsistentRead,
  json,
  type Keyspace,
  type KeyValue,
  type Listener,
  type PresentRead,
  TypedEvents,
  type ValueCodec,
} from '../client/index.js'
import { NotHeldError } from './errors.js'
import { type GroupEvents, GroupMember } from './group-member.js'
import { type MemberChange, MemberList } from './member-list.js'
import { checkName, checkSegment } from './names.js'
import { PersistentNode } from './persistent-node.js'
import { chosenSource, type SessionChoice } from './session-choice.js'
import type { SessionSource } from './session-source.js'
import type { WaitOptions } from './waiting.js'

/** How a {@link GroupMembership} behaves. */
export interface GroupOptions<T> extends SessionChoice {
  /** Who we are; needed to join. Not empty, without `/`. */
  readonly memberId?: string
  /** How payloads are written and read. Default JSON. */
  readonly codec?: ValueCodec<T>
  /** Take the place of somebody with our id, instead of waiting until it is gone. Default false. */
  readonly takeOver?: boolean
}

/**
 * A group by name; see the head of the file. Making one sends nothing.
 *
 * @example
 * const group = new GroupMembership<{ zone: string }>(client, 'workers', { memberId: 'w-1' })
 * group.on('join', ({ member }) => console.log(member.id, 'came with', member.payload))
 * group.on('leave', ({ member }) => console.log(member.id, 'went'))
 * await group.join({ zone: 'eu-1' })
 * await group.ready()
 * console.log(group.members().map(({ id }) => id))
 * await group.close()
 */
export class GroupMembership<T = unknown> implements AsyncDisposable {
  readonly client: Keyspace
  readonly name: string
  readonly memberId: string | undefined
  readonly #events = new TypedEvents<GroupEvents<T>>({
    join: true,
    leave: true,
    update: true,
    present: true,
    absent: true,
    error: true,
  })
  readonly #codec: ValueCodec<T>
  readonly #prefix: string
  readonly #sessions: SessionSource
  readonly #ownsSessions: boolean
  readonly #takeOver: boolean
  #node: PersistentNode<T> | undefined
  /** The last node goes; the next may come after it. */
  #leaving: Promise<void> = Promise.resolve()
  #members: MemberList<T> | undefined
  #closing: Promise<void> | undefined

  /**
   * @param name not empty, not ending in `/`.
   * @throws {ConclaveError} `invalid-argument`: the name, the id or an option.
   */
  constructor(client: Keyspace, name: string, options: GroupOptions<T> = {}) {
    const { memberId, codec = json<T>(), takeOver = false } = options
    checkName(name, 'The name of a group')
    if (memberId !== undefined) checkSegment(memberId, 'The id of a member')
    const { sessions, ownsSessions } = chosenSource(client, options)
    this.client = client
    this.name = name
    this.memberId = memberId
    this.#codec = codec
    this.#prefix = `${name}/`
    this.#takeOver = takeOver
    this.#ownsSessions = ownsSessions
    this.#sessions = sessions
  }

  /** Are we in it, as far as can be known, asking the time too? */
  get joined(): boolean {
    return this.#node?.present ?? false
  }

  /** The revision at which our place became ours; undefined when we are not in it. */
  get fencingToken(): number | undefined {
    return this.#node?.fencingToken
  }

  /**
   * Conditions that make any transaction fail once we are not in it.
   *
   * @throws {NotHeldError} we are not in it now.
   */
  guard(): Compare[] {
    if (this.#node === undefined) throw new NotHeldError(`The place in the group '${this.name}'`)
    return this.#node.guard()
  }

  /**
   * Adds a listener. One for `join`, `leave` or `update` begins the list; those who are in
   * it when it is read are not told, they are in `members()`.
   */
  on<K extends keyof GroupEvents<T>>(name: K, listener: Listener<GroupEvents<T>[K]>): this {
    this.#events.on(name, listener)
    if (name === 'join' || name === 'leave' || name === 'update') this.#list()
    return this
  }

  off<K extends keyof GroupEvents<T>>(name: K, listener: Listener<GroupEvents<T>[K]>): this {
    this.#events.off(name, listener)
    return this
  }

  /**
   * Comes into the group, and stays in it until {@link leave}. When the wait fails it goes
   * on trying.
   *
   * @throws {ConclaveError} `failed-precondition`: we have joined already, or have no id;
   *   `deadline-exceeded`, with a `TakenError` as its cause if somebody else has our id;
   *   `cancelled`, `permission-denied`, `closed`, ….
   */
  async join(payload: T, options: WaitOptions = {}): Promise<void> {
    this.#checkOpen()
    if (this.memberId === undefined)
      throw new ConclaveError('failed-precondition', 'To join, give the group a memberId.')
    if (this.#node !== undefined)
      throw new ConclaveError('failed-precondition', `We are in '${this.name}': use update().`)
    const node = this.#newNode(this.memberId, payload)
    this.#node = node
    await this.#leaving.catch(() => {})
    await node.start(options)
  }

  /**
   * Tells something else of ourselves.
   *
   * @throws {ConclaveError} `failed-precondition`: we have not joined; as {@link join}.
   */
  async update(payload: T, options: WaitOptions = {}): Promise<void> {
    this.#checkOpen()
    if (this.#node === undefined)
      throw new ConclaveError('failed-precondition', `We are not in '${this.name}': join first.`)
    await this.#node.update(payload, options)
  }

  /**
   * Goes. Nothing happens when we are not in it.
   *
   * @throws {ConclaveError} `unavailable`: nobody answered for a TTL.
   */
  async leave(): Promise<void> {
    const node = this.#node
    this.#node = undefined
    if (node !== undefined) this.#leaving = node.close()
    await this.#leaving
  }

  /**
   * Resolves with the revision of the list when it was read for the first time. When it
   * fails, the list goes on asking.
   *
   * @throws {ConclaveError} `permission-denied`, `too-many-keys`, `closed`, ….
   */
  async ready(options: CacheWait = {}): Promise<number> {
    const list = this.#list()
    await list.ready(options)
    return list.revision
  }

  /** The revision of which the list is; 0 before it is {@link ready}. */
  get revision(): number {
    return this.#members?.revision ?? 0
  }

  /**
   * Those who are in it, by id. With `consistent`, as of the time of the call or later.
   *
   * @throws {ConclaveError} `failed-precondition`: the list is not {@link ready}; with
   *   `consistent` also why it cannot be read.
   */
  members(options?: PresentRead): GroupMember<T>[]
  members(options: ConsistentRead): Promise<GroupMember<T>[]>
  members(options?: PresentRead | ConsistentRead): GroupMember<T>[] | Promise<GroupMember<T>[]> {
    const list = this.#list()
    return options?.consistent === true ? list.membersNow(options) : list.members()
  }

  /** Goes, and hears nothing more. Idempotent. Fails as {@link leave}. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    this.#members?.close()
    try {
      await this.leave()
    } finally {
      if (this.#ownsSessions) await this.#sessions.close()
    }
  }

  #newNode(id: string, payload: T): PersistentNode<T> {
    const node = new PersistentNode<T>(this.client, this.#prefix + id, payload, {
      sessions: this.#sessions,
      codec: this.#codec,
      takeOver: () => this.#takeOver,
    })
    node.on('present', (event) => this.#events.emit('present', event))
    node.on('absent', (event) => this.#events.emit('absent', event))
    node.on('error', (error) => this.#events.emit('error', error))
    return node
  }

  #list(): MemberList<T> {
    this.#checkOpen()
    this.#members ??= new MemberList<T>(this.client, {
      prefix: this.#prefix,
      memberOf: (kv) => this.#memberOf(kv),
      onChange: (change) => this.#told(change),
      onError: (error) => this.#events.emit('error', error),
    })
    return this.#members
  }

  #memberOf(kv: KeyValue): GroupMember<T> | undefined {
    const id = kv.keyString.slice(this.#prefix.length)
    return id === '' || id.includes('/') ? undefined : new GroupMember(id, kv, this.#codec)
  }

  #told({ before, after, revision, synthetic }: MemberChange<T>): void {
    const isSame = before?.joinedAt === after?.joinedAt
    const at = { revision, synthetic }
    if (before !== undefined && !isSame) this.#events.emit('leave', { member: before, ...at })
    if (after !== undefined && !isSame) this.#events.emit('join', { member: after, ...at })
    if (before === undefined || after === undefined || !isSame) return
    if (Buffer.compare(before.bytes, after.bytes) !== 0)
      this.#events.emit('update', { member: after, previous: before, ...at })
  }

  #checkOpen(): void {
    if (this.#closing !== undefined)
      throw new ConclaveError('closed', `The group '${this.name}' is closed; make a new one.`)
  }
}
