/**
 * Judges that all members make the same of the same log (etcd #11651, #18667).
 *
 * - *same outcome*: live, at each applied index: what applying it came to, revisions and
 *   refusals included, is what it came to on the first member. Who is over its quota answers
 *   with an error though it has carried the command out (server/state/machine.ts); that
 *   one opinion is not compared.
 * - *same hash*: at the end, or whenever all is still: the HashKV of the newest revision
 *   that all have, among members that have compacted equally far.
 * - *same state*: likewise, among members that have applied equally far, everything
 *   replicated: keys, leases, members, alarms, voters.
 * - *one membership*: likewise, each member has a record for every voter and learner of
 *   raft and for nobody else (etcd #13196, PR #21736).
 */

import type { ConfState, Entry } from '../../client/wire/generated/raft.js'
import type { Witness } from '../../server/member/witness.js'
import type { Applied, ApplyResult } from '../../server/state/applied.js'
import type { Violation } from './operation.js'

/** A machine, as far as it is compared. */
export interface Compared {
  readonly appliedIndex: number
  readonly store: {
    readonly revision: number
    readonly compactRevision: number
    hash(revision: number): Promise<{ readonly hash: number }>
  }
  readonly confState: Pick<ConfState, 'voters' | 'learners' | 'learnersNext'>
  readonly members: {
    list(): readonly { readonly ID: bigint; readonly isLearner: boolean }[]
  }
  fingerprint(): Promise<string>
}

/** A member that is to agree with others. */
export interface AgreeingMember {
  readonly name: string
  readonly machine: Compared
}

interface Outcome {
  readonly member: string
  /** As text; undefined where only the quota spoke. */
  readonly text: string | undefined
}

/** Compares outcomes while a cluster runs; see the head of the file. */
export class AgreementJudge {
  readonly #first = new Map<number, Outcome>()
  #violation: Violation | undefined

  /** The first disagreement. */
  get violation(): Violation | undefined {
    return this.#violation
  }

  /** Looks on at a member, in all its lives. */
  witness(member: string): Witness {
    return { applied: (entry, applied) => this.#applied(member, entry, applied) }
  }

  #applied(member: string, { index }: Entry, applied: Applied | undefined): void {
    if (applied === undefined || this.#violation !== undefined) return
    const first = this.#first.get(index)
    const text = applied.raiseNoSpace ? undefined : outcomeText(applied.result)
    if (first?.text === undefined) this.#first.set(index, { member, text })
    else if (text !== undefined && text !== first.text) {
      const message = `index ${index} came to ${text} on ${member}, to ${first.text} on ${first.member}`
      this.#violation = { rule: 'agreement: same outcome', message }
    }
  }
}

/**
 * Compares members that stand still, whatever they have applied. Empty when they agree.
 * The hashes are taken in slices, so time must run meanwhile.
 */
export async function compareMembers(members: readonly AgreeingMember[]): Promise<Violation[]> {
  const hashes = await compareHashes(members)
  return [...hashes, ...(await compareStates(members)), ...members.flatMap(compareMembership)]
}

/** A member that has applied nothing yet only knows whom to talk to. */
function compareMembership({ name, machine }: AgreeingMember): Violation[] {
  const { voters, learners, learnersNext } = machine.confState
  const spell = (ids: readonly bigint[]) => ids.map((id) => id.toString(16)).sort()
  const records = (isLearner: boolean) =>
    spell(machine.members.list().flatMap((one) => (one.isLearner === isLearner ? one.ID : [])))
  const known = `voters ${records(false)}, learners ${records(true)}`
  const raft = `voters ${spell(voters)}, learners ${spell([...learners, ...learnersNext])}`
  if (machine.appliedIndex === 0 || known === raft) return []
  const message = `${name} has records of ${known}; raft has ${raft}`
  return [{ rule: 'agreement: one membership', message }]
}

async function compareHashes(members: readonly AgreeingMember[]): Promise<Violation[]> {
  const revision = Math.min(...members.map(({ machine }) => machine.store.revision))
  const hashes = new Different('same hash')
  for (const { name, machine } of members) {
    const { store } = machine
    const { compactRevision } = store
    if (revision < compactRevision) continue
    const { hash } = await store.hash(revision)
    hashes.add(`revision ${revision}, compacted ${compactRevision}`, name, String(hash))
  }
  return hashes.violations
}

async function compareStates(members: readonly AgreeingMember[]): Promise<Violation[]> {
  const states = new Different('same state')
  for (const { name, machine } of members) {
    const at = machine.appliedIndex
    const text = await machine.fingerprint()
    if (machine.appliedIndex === at) states.add(`index ${at}`, name, text)
  }
  return states.violations
}

/** What members say about the same thing. */
class Different {
  readonly violations: Violation[] = []
  readonly #rule: string
  readonly #first = new Map<string, { name: string; text: string }>()

  constructor(rule: string) {
    this.#rule = `agreement: ${rule}`
  }

  add(about: string, name: string, text: string): void {
    const first = this.#first.get(about)
    if (first === undefined) this.#first.set(about, { name, text })
    else if (first.text !== text) {
      const [mine, other] = firstDifference(text, first.text)
      const message = `at ${about}: ${name} has ${mine}; ${first.name} has ${other}`
      this.violations.push({ rule: this.#rule, message })
    }
  }
}

/** The first lines that differ. */
function firstDifference(a: string, b: string): [string, string] {
  const [as, bs] = [a.split('\n'), b.split('\n')]
  const at = as.findIndex((line, i) => line !== bs[i])
  return [as[at] ?? 'nothing', bs[at] ?? 'nothing']
}

/** Equal exactly when two outcomes are. */
export function outcomeText(result: ApplyResult): string {
  if (!result.ok) return `refusal ${result.error.code}: ${result.error.details}`
  return JSON.stringify(plain(result.response))
}

/** Without bytes and bigints, which JSON has not, and without fields that are not set. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1')
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).filter(([, field]) => field !== undefined)
  return Object.fromEntries(fields.map(([name, field]) => [name, plain(field)]))
}
