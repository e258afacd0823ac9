/**
 * Proof that the simulation can convict: cores with well-known mistakes, each of which must be
 * found within a bounded number of seeds. A mistake is planted from outside, by a subclass that
 * turns inputs or outputs, or by a hand in the state that `state` shows.
 */

import { describe, expect, test } from '@jest/globals'
import { type Message, MessageType } from '../../../client/wire/generated/raft.js'
import type { Core } from '../core.js'
import { Raft, type RaftConfig, type RaftInitial, type Ready } from '../raft.js'
import type { Faults } from './faults.js'
import type { CoreFactory } from './node.js'
import { Violation } from './violation.js'
import { live } from './world.js'

function coreOf(raft: Raft): Core {
  return raft.state as Core
}

/** Hands messages to the core in another form. */
function hearing(turn: (core: Core, message: Message) => Message): CoreFactory {
  return (config, initial) => {
    class Mistaken extends Raft {
      override step(message: Message): void {
        super.step(turn(coreOf(this), message))
      }
    }
    return new Mistaken(config, initial)
  }
}

/** Hands out another output. */
function saying(turn: (core: Core, ready: Ready) => Ready): CoreFactory {
  return (config, initial) => {
    class Mistaken extends Raft {
      override ready(): Ready | undefined {
        const ready = super.ready()
        return ready && turn(coreOf(this), ready)
      }
    }
    return new Mistaken(config, initial)
  }
}

/** Wakes up with something else than the disk holds. */
function waking(turn: (initial: RaftInitial) => RaftInitial): CoreFactory {
  return (config, initial) => new Raft(config, turn(initial))
}

/** Does something wrong after each message. */
function afterwards(meddle: (core: Core, message: Message) => void): CoreFactory {
  return (config, initial) => {
    class Mistaken extends Raft {
      override step(message: Message): void {
        super.step(message)
        meddle(coreOf(this), message)
      }
    }
    return new Mistaken(config, initial)
  }
}

class Hasty extends Raft {
  override ready(): Ready | undefined {
    const ready = super.ready()
    if (ready?.persist !== undefined) super.persisted(ready.persist.sequence)
    return ready
  }

  override persisted(): void {}
}

class Careless extends Raft {
  private early: { context: number; index: number }[] = []

  override readIndex(context: number): void {
    if (this.state.role !== 'leader') super.readIndex(context)
    else this.early.push({ context, index: this.state.commit })
  }

  override ready(): Ready | undefined {
    const ready = super.ready()
    const reads = this.early
    this.early = []
    if (reads.length === 0) return ready
    return { messages: [], committed: [], ...ready, reads: [...(ready?.reads ?? []), ...reads] }
  }
}

function countingHalfAJoint(config: RaftConfig, initial: RaftInitial): Raft {
  const raft = new Raft(config, initial)
  const { tracker } = coreOf(raft)
  tracker.committedIndex = () => {
    const matches = tracker.confState.voters.map((id) => tracker.progress.get(id)!.match)
    return matches.sort((a, b) => b - a)[Math.floor(matches.length / 2)] ?? 0
  }
  return raft
}

function trustingItsLease(config: RaftConfig, initial: RaftInitial): Raft {
  const raft = new Raft(config, initial)
  coreOf(raft).reads.sinceConfirmed = () => 0
  return raft
}

function readingEarly(config: RaftConfig, initial: RaftInitial): Raft {
  const raft = new Raft(config, initial)
  Object.defineProperty(raft.state, 'committedInTerm', { get: () => true })
  return raft
}

const commitByCounting = afterwards((core, { type }) => {
  if (core.role !== 'leader' || type !== MessageType.APPEND_RESPONSE) return
  core.log.commitTo(Math.max(core.tracker.committedIndex(), core.log.commit))
})

/** Small worlds, in which leaders change often and one entry travels at a time (figure 8). */
const unrest: Partial<Faults> = {
  voters: 5,
  preVote: false,
  checkQuorum: false,
  readOnly: 'safe',
  appendBytesMax: 1,
  inflightMessagesMax: 1,
  lossRate: 0.3,
  slowRate: 0,
  delayMin: 0.1,
  delayMean: 0.3,
  diskDelayMean: 0.05,
  applyDelayMean: 0,
  readEvery: Infinity,
  chaosTicks: 600,
  partitionEvery: 4,
  partitionMean: 6,
  crashEvery: 8,
  downMean: 6,
  electionTicks: 5,
  heartbeatTicks: 2,
  proposeEvery: 4,
  membershipEvery: Infinity,
  compactEvery: Infinity,
}

/** Three voters, an old leader that is cut off, and readers everywhere. */
const readers: Partial<Faults> = {
  voters: 3,
  partitionEvery: 15,
  partitionMean: 25,
  lossRate: 0,
  delayMin: 0.1,
  delayMean: 0.3,
  readEvery: 0.1,
  proposeEvery: 0.3,
  membershipEvery: Infinity,
  pauseEvery: Infinity,
  clockSkew: 0,
  chaosTicks: 600,
}

interface Mistake {
  readonly name: string
  readonly createCore: CoreFactory
  /** Seeds until it is found, at most. */
  readonly seeds: number
  /** The first of them. Default 1; else the one that found it last, since lives before it found nothing. */
  readonly from?: number
  readonly faults?: Partial<Faults>
  readonly outcomesOnly?: boolean
}

const mistakes: readonly Mistake[] = [
  {
    name: 'forgets its vote in a crash',
    createCore: waking((initial) => {
      return { ...initial, hardState: { ...initial.hardState, vote: 0n } }
    }),
    seeds: 100,
  },
  {
    name: 'forgets its term in a crash',
    createCore: waking((initial) => {
      return { ...initial, hardState: { ...initial.hardState, term: 1, vote: 0n } }
    }),
    seeds: 100,
  },
  {
    name: 'votes again in the same term',
    createCore: hearing((core, message) => {
      if (message.type === MessageType.VOTE && message.term === core.term) core.vote = 0n
      return message
    }),
    seeds: 100,
  },
  {
    name: 'votes without a look at the logs',
    createCore: hearing((_, message) => {
      return message.type === MessageType.VOTE ? { ...message, logTerm: 2 ** 40 } : message
    }),
    seeds: 100,
    from: 6,
  },
  {
    name: 'promises before its disk has it',
    createCore: (config, initial) => new Hasty(config, initial),
    seeds: 100,
  },
  {
    name: 'promises before its disk has it (judged by outcomes)',
    createCore: (config, initial) => new Hasty(config, initial),
    seeds: 100,
    outcomesOnly: true,
  },
  {
    name: 'writes votes and entries without a sync',
    createCore: saying((_, ready) => {
      return ready.persist ? { ...ready, persist: { ...ready.persist, mustSync: false } } : ready
    }),
    seeds: 100,
  },
  {
    name: 'commits an entry of an older term by counting',
    createCore: commitByCounting,
    seeds: 100,
  },
  {
    name: 'commits an entry of an older term by counting (judged by outcomes)',
    createCore: commitByCounting,
    seeds: 400,
    from: 123,
    faults: unrest,
    outcomesOnly: true,
  },
  {
    name: 'takes entries without a look at the one before',
    createCore: hearing((core, message) => {
      if (message.type !== MessageType.APPEND) return message
      return { ...message, logTerm: core.log.term(message.index) ?? message.logTerm }
    }),
    seeds: 100,
    from: 19,
  },
  {
    name: 'tells followers to commit more than they hold',
    createCore: saying((core, ready) => {
      const messages = ready.messages.map((message) => {
        return message.type === MessageType.HEARTBEAT
          ? { ...message, commit: core.log.commit }
          : message
      })
      return { ...ready, messages }
    }),
    seeds: 100,
  },
  {
    name: 'answers reads without asking a majority',
    createCore: (config, initial) => new Careless(config, initial),
    seeds: 100,
    from: 3,
    faults: { ...readers, preVote: false, checkQuorum: false, readOnly: 'safe' },
  },
  {
    name: 'takes an answer to an older round for one to the newest',
    createCore: hearing((core, message) => {
      if (message.type !== MessageType.HEARTBEAT_RESPONSE) return message
      return { ...message, context: core.reads.newest }
    }),
    seeds: 200,
    from: 24,
    faults: {
      ...readers,
      preVote: false,
      checkQuorum: false,
      readOnly: 'safe',
      slowRate: 0.3,
      slowFactor: 100,
    },
  },
  {
    name: 'answers reads before it has committed in its term',
    createCore: readingEarly,
    seeds: 100,
    from: 16,
  },
  {
    name: 'trusts its lease for ever',
    createCore: trustingItsLease,
    seeds: 100,
    from: 3,
    faults: {
      ...readers,
      readOnly: 'lease',
      checkQuorum: true,
      electionTicks: 8,
      heartbeatTicks: 1,
      delayMin: 0.01,
      delayMean: 0.05,
      slowRate: 0,
      diskDelayMean: 0.05,
      applyDelayMean: 0,
      lazyRate: 0,
    },
  },
  {
    name: 'asks only the new voters while a change is joint',
    createCore: countingHalfAJoint,
    seeds: 100,
    faults: { membershipEvery: 10 },
  },
]

/** The first promise that is broken, and by which seed. */
function convict({ createCore, seeds, from = 1, faults, outcomesOnly }: Mistake) {
  for (let seed = from; seed < from + seeds; seed++) {
    try {
      live(seed, {
        createCore,
        ...(faults && { faults }),
        ...(outcomesOnly !== undefined && { outcomesOnly }),
      })
    } catch (error) {
      const { cause } = error as Error
      const promise = cause instanceof Violation ? cause.promise : 'the core stops itself'
      return { seed, promise }
    }
  }
  return undefined
}

describe('the simulation convicts a core that', () => {
  test.each(mistakes)(
    '$name',
    (mistake) => {
      const verdict = convict(mistake)
      if (process.env['RAFT_VERDICTS']) console.log(mistake.name, verdict)
      expect(verdict).toBeDefined()
    },
    120_000,
  )
})
