/**
 * One pipeline stream: calls in, answers out, in the order of issue.
 *
 *     message -> calls queue up, writes are proposed, one read barrier for all reads of it
 *     apply   -> the session tells of the write: it has its answer
 *     later   -> reads run whose turn it is, answers leave, as much as fits
 *
 * A read runs when every call before it is answered and a barrier begun after its arrival
 * is through; at the latest right before the next write of the stream is applied. No
 * barrier is needed then: that write was issued after the read, so what precedes it in
 * the log holds all that anybody knew of when the read was issued. So a read sees all
 * writes before it and none behind it, and those behind it need not wait. Reads that would
 * hold apply for long are bound to the revision of that moment, and run later.
 *
 * Nothing in here waits by itself: {@link PipelineStream.look} is called from time to
 * time, to propose again what was lost and to give up what takes too long.
 */

import type { Clock } from '../../client/host/clock.js'
import { etcdErrors } from '../../client/wire/etcd-errors.js'
import type { PipelineCall } from '../../client/wire/generated/pipeline.js'
import { RpcError, Status } from '../../client/wire/status.js'
import { PIPELINE_SLICE_MS, SESSION_ANSWERS_BYTES_MAX, SESSION_ANSWERS_MAX } from '../limits.js'
import { encodeRefusal } from '../state/pipeline-answer.js'
import type { SessionObserver, SessionView } from '../state/sessions.js'
import type { Tuning } from '../tuning.js'
import { PipelineCalls, type QueuedCall } from './pipeline-calls.js'
import type { PipelineWrites } from './pipeline-writes.js'

/** The far end of a stream, and who knows what reads mean. */
export interface PipelineClient {
  /** Sends answers; false asks to wait for {@link PipelineStream.drained}. */
  send(answers: readonly Uint8Array[]): boolean
  /** Nothing more is taken until `resume`. */
  pause(): void
  resume(): void
  /** All is answered, and the client asks no more. */
  end(): void
  fail(error: RpcError): void
  /** That of this member's state as of now. */
  revision(): number
  /** Answers a read from this member's state as of now, or of a revision: an encoded PipelineAnswer, or a refusal as one. */
  read(call: PipelineCall, revision: number | undefined): Uint8Array
}

/** The session as one stream sees it. */
export interface PipelineSession {
  readonly writes: PipelineWrites
  /** Undefined when its lease is gone. */
  view(): SessionView | undefined
  /** What is kept of a write that is applied. */
  answer(sequence: number): Uint8Array | undefined
  /** What is kept of the writes above this one, in bytes. */
  answerBytesAbove(sequence: number): number
}

/** The sizes of a stream. */
export type PipelineTuning = Pick<
  Tuning,
  'pipelineCallsMax' | 'pipelineBytesMax' | 'pipelineResponseBytes' | 'pipelineUnsentBytes'
>

/** What a stream needs of its member. */
export interface PipelineStreamOptions {
  readonly clock: Clock
  readonly tuning: PipelineTuning
  readonly client: PipelineClient
  /** Undefined for a stream that only reads. */
  readonly session: PipelineSession | undefined
  readonly readBarrier: () => Promise<void>
  /** Calls wait, or none does any more: once for each change. */
  readonly busy: (isBusy: boolean) => void
  /** The stream is over: it was failed or ended from here. */
  readonly over: () => void
}

/** What {@link PipelineStream.look} goes by, in milliseconds. */
export interface PipelinePatience {
  readonly repeatMs: number
  readonly timeoutMs: number
  /** The error for what began then. */
  readonly timeoutError: (startedAtMs: number) => RpcError
  /** What raft took cannot be lost: this member leads, and has led since. */
  readonly isSafe: boolean
}

/** Reads between two looks at the clock. */
const READS_PER_LOOK = 8

/** A client that does not keep to the protocol: its stream fails with this. */
export function misuse(text: string): RpcError {
  return new RpcError(Status.INVALID_ARGUMENT, `conclave: ${text}`)
}

/** See the head of the file. */
export class PipelineStream implements SessionObserver {
  readonly #options: PipelineStreamOptions
  readonly #calls = new PipelineCalls()
  /** Numbers of the writes that came on this stream: the first and the last; 0 before there is one. */
  #firstWrite = 0
  #lastWrite = 0
  /** Reads up to this call may run: a barrier begun after their arrival is through. */
  #cleared = 0
  #flushing = false
  /** Until when reads may run in this turn before writes that are applied. */
  #readsUntilMs: number | undefined
  /** The client takes no answers for now. */
  #full = false
  #paused = false
  #busy = false
  #draining = false
  #clientEnded = false
  /** The session keeps as much as it may, and runs no write until answers are acknowledged. */
  #isStuck = false
  #over = false
  /** When a call was answered last, or the first of those that wait came. */
  #progressAtMs = 0
  /** How often the writes were proposed again since then. */
  #repeats = 0

  constructor(options: PipelineStreamOptions) {
    this.#options = options
  }

  /** A message came, whose number of calls is bounded. */
  take(calls: readonly QueuedCall[], acknowledged: number): void {
    if (this.#over) return
    const { clock, session } = this.#options
    const now = session?.view()
    session?.writes.acknowledge(acknowledged)
    if (this.#calls.open === undefined) this.#progressed(clock.now())
    let needsBarrier = false
    for (const call of calls) {
      if (call.sequence > 0) {
        const refusal = this.#takeWrite(call, now)
        if (refusal !== undefined) {
          this.#fail(refusal)
          return
        }
      } else if (call.read !== undefined && !call.isLocal) needsBarrier = true
      this.#calls.add(call)
    }
    session?.writes.flush()
    if (this.#isStuck) this.#goOn()
    if (needsBarrier) this.#clear(this.#calls.added)
    const { open } = this.#calls
    if (open === undefined || open.isLocal || this.#calls.unsentBytes > 0) this.#flushLater()
    this.#settle()
  }

  /** There is room for answers again. */
  drained(): void {
    this.#full = false
    this.#flush()
  }

  /** The client asks no more: what it asked is answered, then the stream ends. */
  clientEnded(): void {
    this.#clientEnded = true
    this.#settle()
  }

  /** Takes no more; ends with an error, for the client to go elsewhere, when all is answered. */
  drain(): void {
    this.#draining = true
    this.#settle()
  }

  /** The stream is gone: nobody waits for answers. */
  close(): void {
    if (this.#over) return
    this.#over = true
    if (this.#busy) this.#options.busy(false)
    this.#options.over()
  }

  /** Ends the stream with this error; what is answered still leaves. */
  fail(error: RpcError): void {
    if (this.#over) return
    this.#send(true)
    this.#fail(error)
  }

  /** A write of the session is applied next: reads before it see what is here now, also those that run later. */
  applying(sequence: number): void {
    const calls = this.#calls
    if (!this.#isOurs(sequence) || !calls.hasFreeRead) return
    const { clock, client, tuning } = this.#options
    this.#readsUntilMs ??= clock.now() + PIPELINE_SLICE_MS
    for (let { open } = calls; open?.read !== undefined; open = calls.open) {
      if (open.revision !== undefined || calls.unsentBytes >= tuning.pipelineUnsentBytes) break
      if (open.number % READS_PER_LOOK === 0 && clock.now() >= this.#readsUntilMs) break
      calls.answer(client.read(open.read, undefined))
    }
    if (!calls.hasFreeRead) return
    calls.bind(client.revision())
    this.#cleared = Math.max(this.#cleared, calls.openWrite!.number)
    this.#flushLater()
  }

  /** A write of the session was applied. */
  applied(sequence: number, answer: Uint8Array): void {
    if (!this.#isOurs(sequence)) return
    const { openWrite: open } = this.#calls
    if (open?.sequence !== sequence)
      throw new Error(`Write ${sequence} was applied before write ${open?.sequence}`)
    this.#calls.answerWrite(answer)
    this.#options.session?.writes.applied(sequence)
    this.#flushLater()
  }

  /** A write of the session was not run, and is not before the client has acknowledged. */
  waiting(): void {
    if (this.#over || this.#isStuck) return
    this.#isStuck = true
    // Not while apply is at it.
    this.#options.clock.soon(() => this.#goOn())
  }

  /** The session is gone: what it was answered is the last that the client hears. */
  lost(): void {
    const calls = this.#calls
    // There is no time to run them, and what is known of the writes behind them must be told.
    for (let { open } = calls; open?.revision !== undefined; open = calls.open)
      calls.answer(encodeRefusal(open.revision, etcdErrors.requestTooManyRequests.error()))
    this.fail(etcdErrors.leaseNotFound.error())
  }

  /** Proposes again what seems to be lost, and gives up what takes too long. */
  look(nowMs: number, patience: PipelinePatience): void {
    // A client that does not take its answers has itself to blame.
    if (this.#calls.open === undefined || this.#full) {
      this.#progressed(nowMs)
      return
    }
    const { repeatMs, timeoutMs, timeoutError, isSafe } = patience
    const waitedMs = nowMs - this.#progressAtMs
    if (waitedMs >= timeoutMs) {
      this.fail(timeoutError(this.#progressAtMs))
      return
    }
    const writes = this.#options.session?.writes
    if (isSafe || !writes?.isWaiting || waitedMs < repeatMs * (2 ** (this.#repeats + 1) - 1)) return
    this.#repeats++
    writes.repeat()
  }

  /** A leader is known, perhaps another one: what was proposed to the last one may be lost. */
  repeat(): void {
    this.#options.session?.writes.repeat()
  }

  /** Proposes what raft did not take. @returns whether it has taken everything. */
  resume(): boolean {
    return this.#options.session?.writes.resume() ?? true
  }

  /** @returns why the stream must fail. */
  #takeWrite(call: QueuedCall, session: SessionView | undefined): RpcError | undefined {
    const { sequence } = call
    if (session === undefined) return misuse('a write needs a session')
    const { applied, acknowledged } = session
    if (this.#lastWrite === 0) {
      if (sequence > applied + 1)
        return misuse(`write ${sequence} does not follow on ${applied}, the last one applied`)
      this.#firstWrite = sequence
    } else if (sequence !== this.#lastWrite + 1)
      return misuse(`write ${sequence} does not follow on ${this.#lastWrite}, the one before`)
    if (sequence <= acknowledged) return misuse(`write ${sequence} was acknowledged before`)
    this.#lastWrite = sequence
    const { answer, writes } = this.#options.session!
    if (sequence > applied) {
      writes.add(sequence, call.data)
      if (call.isWide) writes.seal()
    } else call.answer = answer(sequence)
    return undefined
  }

  /** Whether the write came on this stream; a client that resumes may have others under way. */
  #isOurs(sequence: number): boolean {
    return !this.#over && sequence >= this.#firstWrite && sequence <= this.#lastWrite
  }

  /** Lets the reads up to this one run when what was known before they came is applied here. */
  #clear(number: number): void {
    this.#options.readBarrier().then(
      () => {
        this.#cleared = Math.max(this.#cleared, number)
        this.#flushLater()
      },
      (error: RpcError) => this.fail(error),
    )
  }

  /** Proposes again what the session had no room for, when the client has made enough of it. */
  #goOn(): void {
    const { session } = this.#options
    const view = session?.view()
    if (this.#over || session === undefined || view === undefined) return
    const { writes } = session
    const acknowledged = Math.max(writes.acknowledged, view.acknowledged)
    // Much at a time: what waits is proposed anew each time.
    if (view.applied - acknowledged > SESSION_ANSWERS_MAX / 2) return
    if (session.answerBytesAbove(acknowledged) > SESSION_ANSWERS_BYTES_MAX / 2) return
    this.#isStuck = false
    writes.goOn()
  }

  #flushLater(): void {
    if (this.#flushing) return
    this.#flushing = true
    this.#options.clock.soon(() => {
      this.#flushing = false
      this.#flush()
    })
  }

  #flush(): void {
    if (this.#over) return
    this.#readsUntilMs = undefined
    const { clock } = this.#options
    const untilMs = clock.now() + PIPELINE_SLICE_MS
    for (;;) {
      const goesOn = this.#runReads(untilMs)
      this.#send()
      if (!goesOn || this.#full) break
      if (clock.now() < untilMs) continue
      this.#flushLater()
      break
    }
    this.#settle()
  }

  /** Runs the reads whose turn it is. @returns whether it stopped for want of time, or of room for answers. */
  #runReads(untilMs: number): boolean {
    const { clock, client, tuning } = this.#options
    const calls = this.#calls
    for (let { open } = calls; open?.read !== undefined; open = calls.open) {
      if (!open.isLocal && open.number > this.#cleared) return false
      if (calls.unsentBytes >= tuning.pipelineUnsentBytes) return true
      // To ask for the time costs a tenth of a read.
      if (open.number % READS_PER_LOOK === 0 && clock.now() >= untilMs) return true
      calls.answer(client.read(open.read, open.revision))
    }
    return false
  }

  /** @param all also what the client has no room for now. */
  #send(all = false): void {
    while (all || !this.#full) {
      const answers = this.#calls.take(this.#options.tuning.pipelineResponseBytes)
      if (answers.length === 0) return
      this.#progressed(this.#options.clock.now())
      if (!this.#options.client.send(answers)) this.#full = true
    }
  }

  #progressed(nowMs: number): void {
    this.#progressAtMs = nowMs
    this.#repeats = 0
  }

  /** Calls came or went: takes more or not, and ends when it is time. */
  #settle(): void {
    if (this.#over) return
    const { client, busy, tuning } = this.#options
    const { count, bytes, unsentBytes } = this.#calls
    const isBusy = count > 0
    if (isBusy !== this.#busy) {
      this.#busy = isBusy
      busy(isBusy)
    }
    if (!isBusy && this.#draining) {
      this.#fail(etcdErrors.stopped.error())
      return
    }
    if (!isBusy && this.#clientEnded) {
      this.close()
      client.end()
      return
    }
    const isFull =
      count >= tuning.pipelineCallsMax ||
      bytes >= tuning.pipelineBytesMax ||
      unsentBytes >= tuning.pipelineUnsentBytes
    const paused = isFull || this.#draining
    if (paused === this.#paused) return
    this.#paused = paused
    if (paused) client.pause()
    else client.resume()
  }

  #fail(error: RpcError): void {
    this.close()
    this.#options.client.fail(error)
  }
}
