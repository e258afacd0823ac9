/**
 * Judges what logs hold: log matching and state-machine safety (Raft, figure 3).
 *
 * Log matching is checked by its own induction: over all nodes and all time, the pair of index
 * and term stands for one content and one term before it. If that holds for each entry that any
 * node ever wrote, two logs that agree at one point agree on everything before it.
 *
 * State-machine safety: each applied index has one state hash, whoever applied or installed it.
 */

import type { Entry } from '../../../client/wire/generated/raft.js'
import type { LogImage, MachineState } from './disk.js'
import { require } from './violation.js'

/** Terms and indexes of a simulated life stay below this. */
const INDEX_LIMIT = 2 ** 24

interface Known {
  readonly termBefore: number
  readonly content: number
}

/** One step of a 32-bit FNV-1a hash over a word. */
export function mix(hash: number, word: number): number {
  return Math.imul(hash ^ word, 0x01000193) ^ (hash >>> 15)
}

function contentOf(entry: Entry): number {
  let hash = mix(0x811c9dc5, entry.type)
  for (const byte of entry.data) hash = mix(hash, byte)
  return hash
}

/** The machine after one more entry. */
export function hashAfter(hash: number, entry: Entry): number {
  return mix(mix(hash, entry.term), contentOf(entry))
}

/** Remembers every entry and every applied state of one life. */
export class LogJudge {
  private readonly known = new Map<number, Known>()
  private readonly applied: (string | undefined)[] = []

  /** A node is about to write these entries behind `log`. */
  written(id: bigint, log: Pick<LogImage, 'term'>, entries: readonly Entry[]): void {
    let index = (entries[0]?.index ?? 1) - 1
    let termBefore = log.term(index)
    for (const entry of entries) {
      require(entry.index === index + 1, 'log order', () => {
        return `node ${id} writes entry ${entry.index} after ${index}`
      })
      require(termBefore === undefined || termBefore <= entry.term, 'log order', () => {
        return `node ${id} writes term ${entry.term} after ${termBefore} at ${entry.index}`
      })
      this.match(id, entry, termBefore)
      index = entry.index
      termBefore = entry.term
    }
  }

  private match(id: bigint, entry: Entry, termBefore: number | undefined): void {
    const key = entry.term * INDEX_LIMIT + entry.index
    const known = this.known.get(key)
    const content = contentOf(entry)
    if (known === undefined) {
      if (termBefore !== undefined) this.known.set(key, { termBefore, content })
      return
    }
    const same =
      known.content === content && (termBefore === undefined || termBefore === known.termBefore)
    require(same, 'log matching', () => {
      return `node ${id} holds another entry ${entry.index} of term ${entry.term} than others`
    })
  }

  /** A node's machine is in this state, by applying or by a snapshot. */
  reached(id: bigint, state: MachineState): void {
    const { voters, learners, votersOutgoing, learnersNext, autoLeave } = state.confState
    const sets = [voters, learners, votersOutgoing, learnersNext]
    const config = sets.map((ids) => [...ids].sort().join()).join('/')
    const text = `term ${state.term} hash ${state.hash >>> 0} config ${config} ${autoLeave}`
    const known = this.applied[state.index]
    if (known === undefined) this.applied[state.index] = text
    else {
      require(known === text, 'state-machine safety', () => {
        return `node ${id} at ${state.index} has ${text}, others ${known}`
      })
    }
  }
}
