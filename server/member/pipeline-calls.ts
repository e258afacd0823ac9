/**
 * The calls of one pipeline stream, from their arrival until their answers have left.
 *
 * They stand in the order of issue, which is the order of the answers:
 *
 *     [ answered, not sent yet ][ open, the first without an answer ... ]
 *       ^ first                   ^ open
 *
 * A chain, so that calls enter and leave without anything being moved. Writes may have
 * their answers before reads in front of them do: such a read is bound to the revision
 * that it must see. A write that is sent again may have its answer when it comes.
 */

import type { PipelineCall } from '../../client/wire/generated/pipeline.js'

/** One call. Made by {@link pipelineCall}. */
export interface QueuedCall {
  /** The number of a write in its session; 0 for a read. */
  readonly sequence: number
  /** As it is proposed; empty for a read. */
  readonly data: Uint8Array
  /** What a read asks; undefined for a write. */
  readonly read: PipelineCall | undefined
  /** A read of what this member has, however old. */
  readonly isLocal: boolean
  /** A write that may touch any number of keys: its batch ends with it. */
  readonly isWide: boolean
  /** What the call weighs, in bytes as they came. */
  readonly bytes: number
  /** An encoded PipelineAnswer; known at once for a read that was refused. */
  answer: Uint8Array | undefined
  /** For a read that runs after a write behind it was applied: the revision before that write. */
  revision: number | undefined
  /** Counts the calls of a stream, from 1; set by the queue. */
  number: number
  /** Set by the queue. */
  next: QueuedCall | undefined
}

/** A call that is in no queue yet. All have one shape, whatever they are. */
export function pipelineCall(call: Pick<QueuedCall, 'bytes'> & Partial<QueuedCall>): QueuedCall {
  return {
    sequence: call.sequence ?? 0,
    data: call.data ?? NOTHING,
    read: call.read,
    isLocal: call.isLocal ?? false,
    isWide: call.isWide ?? false,
    bytes: call.bytes,
    answer: call.answer,
    revision: undefined,
    number: 0,
    next: undefined,
  }
}

const NOTHING = new Uint8Array(0)

/** See the head of the file. */
export class PipelineCalls {
  /** The oldest call whose answer was not taken. */
  #first: QueuedCall | undefined
  /** The oldest without an answer. Invariant: every call before it has one. */
  #open: QueuedCall | undefined
  /** The oldest write without an answer. */
  #openWrite: QueuedCall | undefined
  /** The oldest read without an answer that is not bound to a revision. */
  #freeRead: QueuedCall | undefined
  #last: QueuedCall | undefined
  #count = 0
  #added = 0
  #bytes = 0
  #unsentBytes = 0

  /** The oldest call without an answer. */
  get open(): QueuedCall | undefined {
    return this.#open
  }

  /** The oldest write without an answer. */
  get openWrite(): QueuedCall | undefined {
    return this.#openWrite
  }

  /** The number of the call that came last; 0 before the first. */
  get added(): number {
    return this.#added
  }

  /** Calls whose answers were not taken yet. */
  get count(): number {
    return this.#count
  }

  /** What those calls weigh. */
  get bytes(): number {
    return this.#bytes
  }

  /** Bytes of the answers before {@link open}. */
  get unsentBytes(): number {
    return this.#unsentBytes
  }

  /** The call comes behind all others. */
  add(call: QueuedCall): void {
    call.number = ++this.#added
    if (this.#last === undefined) this.#first = call
    else this.#last.next = call
    this.#last = call
    this.#count++
    this.#bytes += call.bytes
    if (isOpenWrite(call)) this.#openWrite ??= call
    else if (isFreeRead(call)) this.#freeRead ??= call
    if (this.#open !== undefined) return
    this.#open = call
    this.#passAnswered()
  }

  /** The oldest open call has its answer. */
  answer(answer: Uint8Array): void {
    if (this.#open === undefined) throw new Error('There is no call to answer')
    this.#open.answer = answer
    if (this.#open === this.#freeRead) this.#freeRead = nextOf(this.#open, isFreeRead)
    this.#passAnswered()
  }

  /** The oldest open write has its answer. */
  answerWrite(answer: Uint8Array): void {
    const write = this.#openWrite
    if (write === undefined) throw new Error('There is no write to answer')
    write.answer = answer
    this.#openWrite = nextOf(write, isOpenWrite)
    if (write === this.#open) this.#passAnswered()
  }

  /** Whether a read before the oldest open write is not bound to a revision. */
  get hasFreeRead(): boolean {
    return this.#freeRead !== undefined && this.#freeRead.number < (this.#openWrite?.number ?? 0)
  }

  /** Binds all such reads to this revision. */
  bind(revision: number): void {
    while (this.hasFreeRead) {
      const read = this.#freeRead!
      read.revision = revision
      this.#freeRead = nextOf(read, isFreeRead)
    }
  }

  /** Answers in order, for one response of about `bytesMax` bytes; none while the oldest call is open. */
  take(bytesMax: number): Uint8Array[] {
    const answers: Uint8Array[] = []
    let bytes = 0
    let call = this.#first
    while (call !== undefined && call !== this.#open && bytes < bytesMax) {
      const answer = call.answer!
      answers.push(answer)
      bytes += answer.length
      this.#count--
      this.#bytes -= call.bytes
      call = call.next
    }
    this.#unsentBytes -= bytes
    this.#first = call
    if (call === undefined) this.#last = undefined
    return answers
  }

  #passAnswered(): void {
    let call = this.#open
    while (call?.answer !== undefined) {
      this.#unsentBytes += call.answer.length
      call = call.next
    }
    this.#open = call
  }
}

function isOpenWrite({ sequence, answer }: QueuedCall): boolean {
  return sequence > 0 && answer === undefined
}

function isFreeRead({ read, answer, revision }: QueuedCall): boolean {
  return read !== undefined && answer === undefined && revision === undefined
}

/** The first call behind this one that is such. */
function nextOf(call: QueuedCall, isSuch: (call: QueuedCall) => boolean): QueuedCall | undefined {
  let next = call.next
  while (next !== undefined && !isSuch(next)) next = next.next
  return next
}
