/**
 * Sessions: which writes of a client are applied, and what they were answered.
 *
 * A session is a lease and a numbering of writes (Raft dissertation, 6.3). Apply runs
 * each number once, in order, and keeps its answer until the client has acknowledged
 * it; a write that comes again finds its answer here, on every member.
 *
 * A session exists as long as its lease does; before its first write it takes no room.
 * Table `session` holds, under the id of the lease, a SessionRecord, and under the id
 * and the first number an AnswersRecord for each applied batch: a batch is one write of
 * the backend, and one deletion when all of it is acknowledged.
 *
 * Whoever serves a session on this member observes it: the answers are told in the
 * turn, and in the order, in which apply makes them.
 */

import { etcdErrors } from '../../client/wire/etcd-errors.js'
import { AnswersRecord, SessionRecord } from '../../client/wire/generated/command.js'
import { SESSION_ANSWERS_BYTES_MAX, SESSION_ANSWERS_MAX, SESSION_REFUSALS_MAX } from '../limits.js'
import type { Backend } from '../storage/backend.js'
import { compareIds, numberKey } from './id-key.js'
import type { Lessor } from './lessor.js'
import { Session } from './session.js'

/** Hears of one session. Called by apply: must not throw, and must not wait. */
export interface SessionObserver {
  /** This write is applied next: the state is still that of everything before it. */
  applying?(sequence: number): void
  /**
   * This write was applied a moment ago; in order, each number once.
   *
   * @param answer an encoded PipelineAnswer; not to be changed.
   */
  applied(sequence: number, answer: Uint8Array): void
  /** A write was not run: the session keeps as much as it may, and waits until the client acknowledges. */
  waiting?(): void
  /** The lease has ended, and the session with it. Nothing is told afterwards. */
  lost(): void
}

/** A session as of now. */
export interface SessionView {
  /** The log entry that granted the lease; a batch must name it. */
  readonly grantedIndex: number
  /** The last write that was applied; 0 before the first. */
  readonly applied: number
  /** Answers up to here are forgotten. */
  readonly acknowledged: number
  /** How many answers are kept: those of `acknowledged` + 1 to `applied`. */
  readonly answerCount: number
  /** What they take, in bytes. */
  readonly answerBytes: number
}

/** A session that has had a write, with everything that is replicated of it. */
export interface SessionState extends SessionView {
  readonly id: bigint
  /** The kept answers, oldest first. */
  readonly answers: readonly Uint8Array[]
}

/** Writes of one session, while apply runs them. */
export interface OpenBatch {
  readonly session: Session
  /** Begun with the first answer. */
  answers: AnswersRecord | undefined
  /** The session must be written at the end. */
  changed: boolean
  /** The lease has ended in this batch. */
  ended: boolean
}

const TABLE = 'session'
const ID_LENGTH = 8

/** See the head of the file. */
export class Sessions {
  readonly #backend: Backend
  readonly #lessor: Lessor
  /** Those that have had a write. */
  readonly #sessions = new Map<bigint, Session>()
  readonly #observers = new Map<bigint, Set<SessionObserver>>()
  #open: OpenBatch | undefined

  /** @throws Error a session without its lease, or with a hole in its answers: the state is damaged. */
  constructor(backend: Backend, lessor: Lessor) {
    this.#backend = backend
    this.#lessor = lessor
    let session: Session | undefined
    for (const [key, bytes] of backend.entries(TABLE)) {
      if (key.length > ID_LENGTH) {
        if (!session || !key.startsWith(session.key))
          throw new Error('The backend is damaged: answers without a session')
        session.restore(AnswersRecord.decode(bytes))
      } else {
        session?.assertWhole()
        session = this.#restored(key, SessionRecord.decode(bytes))
      }
    }
    session?.assertWhole()
  }

  /** How many sessions have had a write. */
  get size(): number {
    return this.#sessions.size
  }

  /** The session of this lease, also before its first write; undefined when there is no such lease. */
  get(id: bigint): SessionView | undefined {
    const session = this.#sessions.get(id)
    if (session) return viewOf(session)
    const grantedIndex = this.#lessor.grantedIndex(id)
    return grantedIndex === undefined ? undefined : viewOf(new Session(id, grantedIndex))
  }

  /** The encoded PipelineAnswer of a write; undefined when it is not applied, or acknowledged. */
  answer(id: bigint, sequence: number): Uint8Array | undefined {
    return this.#sessions.get(id)?.answer(sequence)
  }

  /** What the answers above this number take, in bytes; 0 when there is no session. */
  answerBytesAbove(id: bigint, sequence: number): number {
    const session = this.#sessions.get(id)
    if (session === undefined) return 0
    let bytes = 0
    for (let at = Math.max(sequence, session.acknowledged) + 1; at <= session.applied; at++)
      bytes += session.answer(at)!.length
    return bytes
  }

  /**
   * Tells `observer` of everything that happens to the session from now on; the result
   * ends that.
   *
   * @throws Error there is no such lease.
   */
  observe(id: bigint, observer: SessionObserver): () => void {
    if (!this.#lessor.has(id)) throw new Error(`There is no session ${id} to observe`)
    const observers = this.#observers.get(id) ?? new Set()
    this.#observers.set(id, observers)
    observers.add(observer)
    return () => {
      observers.delete(observer)
      if (observers.size === 0 && this.#observers.get(id) === observers) this.#observers.delete(id)
    }
  }

  /** Everything replicated, by id: for fingerprints and tests. */
  *records(): Iterable<SessionState> {
    const sessions = [...this.#sessions.values()].sort((a, b) => compareIds(a.id, b.id))
    for (const session of sessions)
      yield { id: session.id, ...viewOf(session), answers: [...session.answers()] }
  }

  // Replicated: by apply only.

  /**
   * Opens a batch of the session; it must be closed in this turn.
   *
   * @param acknowledged answers up to here are forgotten, as far as there are any.
   * @throws leaseNotFound there is no such lease, or it was granted by another entry.
   */
  open(id: bigint, grantedIndex: number, acknowledged: number): OpenBatch {
    if (this.#open) throw new Error('A batch of a session was left open')
    if (this.#lessor.grantedIndex(id) !== grantedIndex) throw etcdErrors.leaseNotFound.error()
    const session = this.#sessions.get(id) ?? new Session(id, grantedIndex)
    const batch = { session, answers: undefined, changed: false, ended: false }
    this.#open = batch
    const forgotten = Math.min(acknowledged, session.applied)
    if (forgotten > session.acknowledged) {
      for (const first of session.forget(forgotten))
        this.#backend.delete(TABLE, keyOf(session, first))
      batch.changed = true
    }
    return batch
  }

  /** Whether further writes are refused until the client acknowledges. */
  isFull({ session }: OpenBatch): boolean {
    return session.answerCount >= SESSION_ANSWERS_MAX
  }

  /**
   * Whether nothing more can be kept: the session goes no further until the client
   * acknowledges. Nobody knows how large an answer will be before the write is run, so a
   * client that does all it should may come to this, and must not be refused for it.
   */
  isStuck({ session }: OpenBatch): boolean {
    return (
      session.answerCount >= SESSION_ANSWERS_MAX + SESSION_REFUSALS_MAX ||
      session.answerBytes >= SESSION_ANSWERS_BYTES_MAX
    )
  }

  /** The next write is not run, since the session is stuck. */
  wait({ session }: OpenBatch): void {
    const observers = this.#observers.get(session.id)
    if (observers) for (const observer of observers) observer.waiting?.()
  }

  /** The next write is about to be run. */
  begin({ session }: OpenBatch): void {
    if (this.#observers.size === 0) return
    const observers = this.#observers.get(session.id)
    if (observers) for (const observer of observers) observer.applying?.(session.applied + 1)
  }

  /** The next write has this answer. It is told at once, also when the write ended the session. */
  keep(batch: OpenBatch, answer: Uint8Array): void {
    const { session } = batch
    if (session.applied === 0) this.#sessions.set(session.id, session)
    batch.answers ??= session.begin()
    session.push(batch.answers, answer)
    batch.changed = true
    if (this.#observers.size === 0) return
    const observers = this.#observers.get(session.id)
    if (observers) for (const observer of observers) observer.applied(session.applied, answer)
  }

  /** Writes down what the batch changed. */
  close({ session, answers, changed, ended }: OpenBatch): void {
    this.#open = undefined
    if (ended) this.end(session.id)
    else if (changed) {
      if (answers) {
        const record = AnswersRecord.encode(answers).finish()
        this.#backend.put(TABLE, keyOf(session, answers.first), record)
      }
      this.#backend.put(TABLE, session.key, SessionRecord.encode(session).finish())
    }
  }

  /** The lease has ended. In a batch of its own the session ends when that is closed. */
  end(id: bigint): void {
    if (this.#open?.session.id === id) {
      this.#open.ended = true
      return
    }
    const session = this.#sessions.get(id)
    if (session) this.#remove(session)
    const observers = this.#observers.get(id)
    this.#observers.delete(id)
    if (observers) for (const observer of observers) observer.lost()
  }

  #remove(session: Session): void {
    this.#sessions.delete(session.id)
    this.#backend.delete(TABLE, session.key)
    for (const first of session.batchStarts) this.#backend.delete(TABLE, keyOf(session, first))
  }

  #restored(key: string, record: SessionRecord): Session {
    const id = Buffer.from(key, 'latin1').readBigInt64BE()
    if (this.#lessor.grantedIndex(id) !== record.grantedIndex)
      throw new Error(`The backend is damaged: session ${id} has no lease`)
    const session = new Session(id, record.grantedIndex)
    session.applied = record.applied
    session.acknowledged = record.acknowledged
    this.#sessions.set(id, session)
    return session
  }
}

/** The key of the answers from `first` on: behind the key of the session, in order. */
function keyOf({ key }: Session, first: number): string {
  return key + numberKey(first)
}

function viewOf(session: Session): SessionView {
  const { grantedIndex, applied, acknowledged, answerCount, answerBytes } = session
  return { grantedIndex, applied, acknowledged, answerCount, answerBytes }
}
