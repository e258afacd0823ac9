/**
 * What a member of a Raft group promised to others must hold in its next lives too.
 *
 * - *votes stay*: one vote a term, counted from what left the member: a granted vote, a
 *   candidacy (a vote for oneself), a leadership. What was decided and never sent binds nobody.
 * - *terms grow*: within a life, and after a restart not below a term promised in before.
 * - *durable stays*: after a restart the log holds all that its disk had vouched for.
 *
 * Members are known by their ids here: a machine that comes back with an empty disk and a
 * new id has promised nothing.
 */

import { type Message, MessageType } from '../../client/wire/generated/raft.js'
import type { RaftStatus, Ready } from '../../server/raft/raft.js'
import { require } from '../../server/raft/simulation/violation.js'

/** What is asked of the log in a member's memory. */
export interface LogView {
  /** Undefined for what has left memory or does not exist. */
  term(index: number): number | undefined
}

/** A member's own view of raft, and its log. */
export interface Inside extends RaftStatus {
  readonly log: LogView
}

/** The end of what a disk vouched for when a life ended. */
interface Vouched {
  readonly index: number
  readonly term: number | undefined
}

/** See the head of the file. */
export class RaftPromises {
  /** By `<member>@<term>`: for whom. */
  readonly #votes = new Map<string, bigint>()
  /** By member: the highest term in which it promised something. */
  readonly #terms = new Map<bigint, number>()
  /** By member, of those that ended and were not seen again yet. */
  readonly #vouched = new Map<bigint, Vouched>()

  /** A life ended. */
  ended(last: Inside): void {
    const index = last.durableIndex
    this.#vouched.set(last.id, { index, term: last.log.term(index) })
  }

  /** The first output of a life. */
  returned(status: Inside, ready: Ready): void {
    const { id, term } = status
    const promised = this.#terms.get(id) ?? 0
    require(term >= promised, 'terms grow', () => {
      return `member ${name(id)} promised in term ${promised} and came back in ${term}`
    })
    const vouched = this.#vouched.get(id)
    this.#vouched.delete(id)
    if (vouched === undefined) return
    // What a new leader overwrites at once need not be there any more.
    const overwritten = ready.persist?.entries[0]?.index ?? Number.POSITIVE_INFINITY
    const until = Math.min(vouched.index, overwritten - 1)
    require(status.lastIndex >= until, 'durable stays', () => {
      return `the disk of ${name(id)} held entries up to ${vouched.index}, now it ends at ${status.lastIndex}`
    })
    const held = until === vouched.index ? status.log.term(until) : undefined
    if (held === undefined || vouched.term === undefined) return
    require(held === vouched.term, 'durable stays', () => {
      return `the disk of ${name(id)} held entry ${until} of term ${vouched.term}, now of ${held}`
    })
  }

  /** These messages leave the member now. */
  sending(status: Inside, messages: readonly Message[]): void {
    for (const { type, term, to, reject, index } of messages) {
      if (type === MessageType.VOTE) this.#voted(status.id, term, status.id)
      else if (type === MessageType.VOTE_RESPONSE && !reject) this.#voted(status.id, term, to)
      // Index 0 accepts nothing: so a member tells an old leader of a newer term.
      else if (type === MessageType.APPEND_RESPONSE && !reject && index > 0)
        this.#promised(status.id, term)
    }
    if (status.role === 'leader') this.#voted(status.id, status.term, status.id)
  }

  #voted(id: bigint, term: number, candidate: bigint): void {
    const key = `${id}@${term}`
    const other = this.#votes.get(key) ?? candidate
    require(other === candidate, 'votes stay', () => {
      return `member ${name(id)} votes for ${name(candidate)} in term ${term}, after ${name(other)}`
    })
    this.#votes.set(key, candidate)
    this.#promised(id, term)
  }

  #promised(id: bigint, term: number): void {
    if (term > (this.#terms.get(id) ?? 0)) this.#terms.set(id, term)
  }
}

/** A member as log lines and etcdctl print it. */
export function name(id: bigint): string {
  return id.toString(16)
}
