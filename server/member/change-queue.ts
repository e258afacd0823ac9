/**
 * Changes of the membership on their way into the log: one at a time (thesis 4.1).
 *
 * Raft takes a change only when the one before is applied, and a new leader only when it
 * knows where the last one ended. What comes too early, from here or passed on by a
 * follower, waits in order until raft takes it, there is a leader, or its time is over.
 * After that time nobody waits for the answer any more, and nothing may happen.
 */

import type { Clock } from '../../client/host/clock.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import { ConfigChange, EntryType, type Message } from '../../client/wire/generated/raft.js'
import type { RpcError } from '../../client/wire/status.js'
import { CHANGES_WAITING_MAX } from '../limits.js'
import { type DropReason, ProposalDropped } from '../raft/raft.js'

/** What the queue needs of its member. */
export interface ChangeQueueOptions {
  readonly clock: Clock
  /** Hands a change to raft, which passes it on to the leader. @throws {ProposalDropped} */
  readonly propose: (change: ConfigChange) => void
  /** How long a change may wait. */
  readonly timeoutMs: number
}

const RETRIED: ReadonlySet<DropReason> = new Set(['noLeader', 'transferring', 'pendingChange'])

/** See the head of the file. */
export class ChangeQueue {
  readonly #options: ChangeQueueOptions
  /** Oldest first; at most CHANGES_WAITING_MAX. */
  #waiting: { readonly change: ConfigChange; readonly untilMs: number }[] = []

  constructor(options: ChangeQueueOptions) {
    this.#options = options
  }

  /** Proposes a change, now or as soon as it can be. @returns why that can never be. */
  submit(change: ConfigChange): RpcError | undefined {
    this.#dropExpired()
    if (this.#waiting.length >= CHANGES_WAITING_MAX)
      return etcdErrors.requestTooManyRequests.error()
    if (this.#waiting.length === 0) {
      const reason = this.#propose(change)
      if (reason === undefined) return undefined
      if (reason === 'illegalChange') return etcdErrors.memberNotEnoughStarted.error()
      if (!RETRIED.has(reason)) return etcdErrors.requestTooManyRequests.error()
    }
    const { clock, timeoutMs } = this.#options
    this.#waiting.push({ change, untilMs: clock.now() + timeoutMs })
    return undefined
  }

  /** Takes the changes out of proposals that a follower passed on. @returns what is left of the message. */
  take(message: Message): Message {
    const isChange = ({ type }: { type: EntryType }) => type === EntryType.CONFIG_CHANGE
    const changes = message.entries.filter(isChange)
    for (const { data } of changes) this.submit(ConfigChange.decode(data))
    if (changes.length === 0) return message
    return { ...message, entries: message.entries.filter((entry) => !isChange(entry)) }
  }

  /** Something moved: a leader is known, entries were applied, a transfer is over. */
  retry(): void {
    if (this.#waiting.length === 0) return
    this.#dropExpired()
    while (this.#waiting.length > 0) {
      const reason = this.#propose(this.#waiting[0]!.change)
      if (reason !== undefined && RETRIED.has(reason)) return
      this.#waiting.shift()
    }
  }

  #dropExpired(): void {
    const now = this.#options.clock.now()
    this.#waiting = this.#waiting.filter(({ untilMs }) => untilMs > now)
  }

  #propose(change: ConfigChange): DropReason | undefined {
    try {
      this.#options.propose(change)
      return undefined
    } catch (error) {
      if (!(error instanceof ProposalDropped)) throw error
      return error.reason
    }
  }
}
