/**
 * Judges what nodes believe and say, after every single call into a core:
 *
 * - election safety: one leader a term;
 * - leader append-only: a leader's log only grows;
 * - commit: never goes back, is chosen by a leader only, by counting an entry of its own term
 *   (5.4.2) that is on the platters of a quorum; everyone agrees on what is chosen;
 * - leader completeness: what was chosen in an earlier term is in each later leader's log;
 * - promises are durable before they leave: votes, candidacies, accepted appends (figure 2);
 * - one vote a term, also across crashes; term and vote never regress;
 * - linearizable reads: the index answered is at least what was chosen when the read was asked.
 */

import {
  type ConfState,
  type HardState,
  type Message,
  MessageType,
} from '../../../client/wire/generated/raft.js'
import type { Raft } from '../raft.js'
import type { LogImage, Persist } from './disk.js'
import { LogJudge } from './log-judge.js'
import { require, Violation } from './violation.js'

/** What the judge looks at in a node. */
export interface Witness {
  readonly id: bigint
  readonly raft: Raft | undefined
  /** The log as the core asked for it to be written, the queue included. */
  readonly requested: LogImage
  /** The log that is on the platter. */
  readonly durable: LogImage
  /** Counts the node's lives. */
  readonly incarnation: number
}

interface Seen {
  readonly incarnation: number
  readonly term: number
  readonly leads: boolean
  readonly commit: number
  readonly lastIndex: number
  readonly lastTerm: number | undefined
}

interface Chosen {
  readonly term: number
  /** The term of the leader that counted it. */
  readonly countedIn: number
}

interface Read {
  readonly id: bigint
  readonly floor: number
}

/** Watches one life. */
export class Judge {
  /** Judges entries and applied states. */
  readonly logs = new LogJudge()
  /** Reads answered so far. */
  answers = 0
  private readonly chosen: (Chosen | undefined)[] = []
  private readonly leaders = new Map<number, bigint>()
  private readonly votes = new Map<string, bigint>()
  private readonly seen = new Map<bigint, Seen>()
  private readonly reads = new Map<number, Read>()

  /**
   * @param startIndex the entry that stands for the bootstrap, chosen from the beginning.
   * @param outcomesOnly judges what a user could notice, not the rules that keep it so.
   */
  constructor(
    private readonly witnesses: ReadonlyMap<bigint, Witness>,
    startIndex: number,
    startTerm: number,
    readonly outcomesOnly = false,
  ) {
    this.chosen[startIndex] = { term: startTerm, countedIn: startTerm }
  }

  /** The highest index that any leader counted as committed. */
  get chosenLast(): number {
    return this.chosen.length - 1
  }

  /** Looks at a node after a call into its core. */
  observe(node: Witness): void {
    const raft = node.raft!
    const { term, role, commit, lastIndex } = raft.state
    const leads = role === 'leader'
    const seen = this.seen.get(node.id)
    const before = seen?.incarnation === node.incarnation ? seen : undefined
    const led = leads && before?.leads === true && before.term === term
    require(before === undefined || term >= before.term, 'terms grow', () => {
      return `node ${node.id} went from term ${before?.term} to ${term}`
    })
    if (leads && !led) this.elected(node.id, raft, term)
    if (led) this.onlyGrew(node.id, raft, before)
    const from = before?.commit ?? 0
    require(commit >= from && commit <= lastIndex, 'commit order', () => {
      return `node ${node.id} went from commit ${from} to ${commit}, last entry ${lastIndex}`
    })
    if (commit > from) this.committed(node, raft, from, leads)
    const lastTerm = raft.term(lastIndex)
    const { incarnation } = node
    this.seen.set(node.id, { incarnation, term, leads, commit, lastIndex, lastTerm })
  }

  private elected(id: bigint, raft: Raft, term: number): void {
    const other = this.leaders.get(term)
    require(other === undefined || other === id, 'election safety', () => {
      return `nodes ${other} and ${id} both lead term ${term}`
    })
    this.leaders.set(term, id)
    const first = raft.state.firstIndex
    for (let index = Math.max(1, first - 1); index < this.chosen.length; index++) {
      this.complete(id, raft, term, index)
    }
  }

  private complete(id: bigint, raft: Raft, term: number, index: number): void {
    const chosen = this.chosen[index]
    if (chosen === undefined || chosen.countedIn >= term) return
    if (index < raft.state.firstIndex - 1) return
    require(raft.term(index) === chosen.term, 'leader completeness', () => {
      const held = raft.term(index)
      return `node ${id} leads term ${term} with entry ${index} of term ${held}, chosen was ${chosen.term} in term ${chosen.countedIn}`
    })
  }

  private onlyGrew(id: bigint, raft: Raft, before: Seen): void {
    const { lastIndex, firstIndex } = raft.state
    const kept = before.lastIndex < firstIndex || raft.term(before.lastIndex) === before.lastTerm
    require(lastIndex >= before.lastIndex && kept, 'leader append-only', () => {
      return `node ${id} had ${before.lastIndex} entries as leader and now ${lastIndex}`
    })
  }

  private committed(node: Witness, raft: Raft, from: number, leads: boolean): void {
    const { commit, firstIndex, term } = raft.state
    const news = commit > this.chosenLast
    if (news) this.counted(node, raft, leads)
    for (let index = Math.max(from + 1, firstIndex - 1); index <= commit; index++) {
      const held = raft.term(index)!
      const known = this.chosen[index]
      if (known === undefined && index > this.chosenLast) {
        this.chosen[index] = { term: held, countedIn: term }
      } else {
        require(known?.term === held, 'one choice an index', () => {
          return `node ${node.id} commits ${index} of term ${held}, chosen was ${known?.term}`
        })
      }
    }
    if (!news) return
    for (const other of this.witnesses.values()) {
      const state = other.raft?.state
      if (state?.role !== 'leader' || state.term <= term) continue
      for (let index = from + 1; index <= commit; index++) {
        this.complete(other.id, other.raft!, state.term, index)
      }
    }
  }

  private counted(node: Witness, raft: Raft, leads: boolean): void {
    const { commit, term, confState } = raft.state
    require(leads, 'only leaders choose', () => `node ${node.id} invented commit ${commit}`)
    if (this.outcomesOnly) return
    const held = raft.term(commit)
    require(held === term, 'counts its own term', () => {
      return `node ${node.id} of term ${term} committed entry ${commit} of term ${held}`
    })
    for (const voters of quorums(confState)) {
      const holders = voters.filter((id) => this.holds(id, commit, held))
      require(holders.length * 2 > voters.length, 'commit is durable', () => {
        return `node ${node.id} committed ${commit}, on the disks of ${holders.join()} only, of ${voters.join()}`
      })
    }
  }

  private holds(id: bigint, index: number, term: number | undefined): boolean {
    const log = this.witnesses.get(id)?.durable
    return log !== undefined && (log.base.index >= index || log.term(index) === term)
  }

  /** A core asks to write this behind `node.requested`. */
  persisting(node: Witness, persist: Persist): void {
    const { requested } = node
    if (persist.snapshot === undefined) this.logs.written(node.id, requested, persist.entries)
    if (this.outcomesOnly) return
    if (persist.hardState !== undefined) {
      this.advances(node.id, requested.hardState, persist.hardState)
    }
    const before = requested.hardState
    const { term, vote } = persist.hardState ?? before
    const heavy = persist.entries.length > 0 || persist.snapshot !== undefined
    const promise = term !== before.term || vote !== before.vote
    require(persist.mustSync || !(heavy || promise), 'promises are durable', () => {
      return `node ${node.id} writes entries or a vote without asking for a sync`
    })
  }

  private advances(id: bigint, from: HardState, to: HardState): void {
    const sameVote = from.vote === 0n || from.vote === to.vote
    require(to.term > from.term || (to.term === from.term && sameVote), 'votes stay', () => {
      return `node ${id} goes from term ${from.term} vote ${from.vote} to ${to.term} vote ${to.vote}`
    })
  }

  /** A core's message leaves the node now. */
  sending(node: Witness, message: Message): void {
    const { durable } = node
    const { type, term, to, reject } = message
    require(message.from === node.id && to !== node.id, 'messages are addressed', () => {
      return `node ${node.id} sends type ${type} from ${message.from} to ${to}`
    })
    const durableTerm = durable.hardState.term
    const kept = (what: string, ok: boolean) =>
      require(ok, 'promises are durable', () => {
        const disk = `term ${durableTerm} vote ${durable.hardState.vote} last ${durable.last}`
        return `node ${node.id} sends ${what} of term ${term} to ${to}; its disk has ${disk}`
      })
    if (this.outcomesOnly) return
    if (type === MessageType.VOTE) kept('a candidacy', durableTerm >= term)
    if (type === MessageType.VOTE_RESPONSE && !reject) {
      kept('a vote', durableTerm > term || (durableTerm === term && durable.hardState.vote === to))
      this.voted(node.id, term, to)
    }
    // Index 0 accepts nothing: so a member tells an old leader about a newer term. And what was
    // accepted may have been overwritten since, by the leader of a newer term.
    if (type === MessageType.APPEND_RESPONSE && !reject && message.index > 0) {
      const holds = durableTerm > term || durable.last >= message.index
      kept(`an accepted ${message.index}`, durableTerm >= term && holds)
    }
  }

  private voted(id: bigint, term: number, candidate: bigint): void {
    const key = `${id}@${term}`
    const other = this.votes.get(key) ?? candidate
    require(other === candidate, 'one vote a term', () => {
      return `node ${id} voted for ${other} and ${candidate} in term ${term}`
    })
    this.votes.set(key, candidate)
  }

  /** A read is about to be asked at a node. */
  asked(id: bigint, context: number): void {
    this.reads.set(context, { id, floor: this.chosenLast })
  }

  /** A node answers a read. */
  answered(id: bigint, context: number, index: number): void {
    const read = this.reads.get(context)
    if (read?.id !== id) throw new Violation('linearizable reads', `${id} answers ${context}`)
    require(index >= read.floor, 'linearizable reads', () => {
      return `node ${id} answers read ${context} with ${index}; ${read.floor} was committed before it was asked`
    })
    require(index <= this.chosenLast, 'linearizable reads', () => {
      return `node ${id} answers read ${context} with ${index}, which nobody committed`
    })
    this.answers++
  }

  /** Compares the whole log in memory with what the core asked to be written. */
  wholeLog(node: Witness): void {
    const raft = node.raft!
    const { firstIndex, lastIndex } = raft.state
    const { requested } = node
    require(lastIndex === requested.last, 'log is what is written', () => {
      return `node ${node.id} ends at ${lastIndex}, written was ${requested.last}`
    })
    for (let index = Math.max(firstIndex, requested.base.index + 1); index <= lastIndex; index++) {
      require(raft.term(index) === requested.term(index), 'log is what is written', () => {
        return `node ${node.id} holds ${index} of term ${raft.term(index)}, written was ${requested.term(index)}`
      })
    }
  }
}

/** The voter sets that must each agree: one, or two while a joint change is under way. */
export function quorums(confState: ConfState): bigint[][] {
  const { voters, votersOutgoing } = confState
  return votersOutgoing.length > 0 ? [voters, votersOutgoing] : [voters]
}
