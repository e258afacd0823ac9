/**
 * One raw watch stream with many watchers, and what becomes of them when it breaks.
 *
 * Each watcher that is wanted is created on a stream, and created again, behind what it
 * was told, on the next stream when that one breaks; every life of a watcher on a stream
 * is a trace of its own. A stream that stays silent although progress was asked for is
 * given up, as nothing else would tell that its connection is gone.
 */

import type { MessageStream } from '../../../client/host/stream.js'
import type { Init } from '../../../client/wire/codec.js'
import type {
  WatchCreateRequest,
  WatchRequest,
  WatchResponse,
} from '../../../client/wire/generated/rpc.js'
import { Watch } from '../../../client/wire/methods.js'
import { RpcError, Status } from '../../../client/wire/status.js'
import type { WatchTrace } from '../../check/watch-trace.js'
import { StreamRecorder } from '../../check/watch-trace.js'
import type { SeededRandom } from '../../model/random.js'
import type { Worker } from './worker.js'

/** How often progress is asked for, and after how many unanswered times the stream is given up. */
const ASK_MS = 2_000
const SILENT_ASKS_MAX = 4

/** A stream from its opening to its end. */
export class WatchConnection {
  /** Resolves when it is over. */
  readonly over: Promise<void>
  readonly #worker: Worker
  readonly #random: SeededRandom
  readonly #stream: MessageStream<WatchResponse, Init<WatchRequest>>
  readonly #recorder = new StreamRecorder()
  /** In the order in which they were asked for, which is that of the traces. */
  readonly #asked: WatchCreateRequest[] = []
  readonly #cancelled = new Set<number>()
  #silentAsks = 0
  #isOver = false

  constructor(worker: Worker, random: SeededRandom) {
    this.#worker = worker
    this.#random = random
    const metadata = random.chance(0.5) ? { hasleader: 'true' } : undefined
    this.#stream = worker.client.stream(Watch.watch, { metadata })
    this.over = new Promise((resolve) => {
      this.#stream.receive({
        message: (response) => this.#receive(response),
        close: (error) => {
          this.#worker.say(`watch stream over: ${error?.details ?? 'ended'}`)
          this.#isOver = true
          resolve()
        },
      })
    })
    worker.keepOpen(this.#askNowAndThen())
  }

  /** Watchers that were asked for and not answered by `canceled`. */
  get size(): number {
    return this.#asked.length - this.#recorder.traces.filter(isCancelled).length
  }

  create(request: WatchCreateRequest): void {
    this.#asked.push(request)
    this.#recorder.create(request)
    this.#stream.send({ createRequest: request })
  }

  /** Cancels one of the watchers that live, if there is one. */
  cancelOne(): void {
    const ids = this.#recorder.ids.filter((id) => !this.#cancelled.has(id))
    if (ids.length === 0) return
    this.#cancel(this.#random.pick(ids))
  }

  /** Cancels those that begin after this revision. */
  endFuture(revision: number): void {
    for (const [i, { startRevision }] of this.#asked.entries()) {
      const trace = this.#recorder.traces[i]
      if (trace === undefined || isCancelled(trace) || startRevision <= revision) continue
      const { watchId } = trace.responses[0]!
      if (!this.#cancelled.has(watchId)) this.#cancel(watchId)
    }
  }

  askProgress(): void {
    this.#stream.send({ progressRequest: {} })
  }

  /** Gives it up, as a client does that loses its connection. */
  break(why: string): void {
    this.#stream.fail(new RpcError(Status.CANCELLED, why))
  }

  /** The lives of its watchers, without messages of which only fragments came. */
  get traces(): WatchTrace[] {
    return this.#recorder.traces.map(whole)
  }

  /** What to ask for on the next stream: every watcher that was not ended, behind what it was told. */
  get next(): WatchCreateRequest[] {
    return this.#asked.flatMap((request, i) => {
      const trace = this.#recorder.traces[i]
      if (trace === undefined) return [request]
      if (isCancelled(trace) || this.#cancelled.has(trace.responses[0]!.watchId)) return []
      return [{ ...request, startRevision: nextRevision(whole(trace)) }]
    })
  }

  /** Whether every watcher was told everything up to this revision; those of the future need not be. */
  isLevel(revision: number): boolean {
    return this.next.every(({ startRevision }) => startRevision > revision)
  }

  #cancel(watchId: number): void {
    this.#cancelled.add(watchId)
    this.#stream.send({ cancelRequest: { watchId } })
  }

  #receive(response: WatchResponse): void {
    this.#silentAsks = 0
    try {
      this.#recorder.receive(response)
      if (response.canceled) this.#cancelled.delete(response.watchId)
    } catch (error) {
      const message = `${this.#worker.process}: ${(error as Error).message}`
      this.#worker.material.violations.push({ rule: 'watch-stream', message })
    }
    const { slowReaderMs } = this.#worker.plan
    if (slowReaderMs > 0 && this.#random.chance(0.1)) this.#dawdle(slowReaderMs)
  }

  #dawdle(ms: number): void {
    this.#stream.pause()
    this.#worker.keepOpen(this.#worker.sleep(ms).then(() => this.#stream.resume()))
  }

  async #askNowAndThen(): Promise<void> {
    while (!this.#isOver && !this.#worker.closing.aborted) {
      await this.#worker.sleep(ASK_MS, this.#worker.closing)
      if (++this.#silentAsks > SILENT_ASKS_MAX) this.break('it stays silent')
      else this.askProgress()
    }
  }
}

function isCancelled({ responses }: WatchTrace): boolean {
  return responses.at(-1)!.canceled
}

function whole({ request, responses }: WatchTrace): WatchTrace {
  const end = responses.findLastIndex(({ fragment }) => !fragment)
  return { request, responses: responses.slice(0, end + 1) }
}

/** The first revision that the watcher was not told about. */
function nextRevision({ request, responses }: WatchTrace): number {
  let next = request.startRevision
  for (const { created, canceled, events, header } of responses) {
    const told = events.at(-1)?.kv?.modRevision ?? (canceled ? 0 : (header?.revision ?? 0))
    if (!created || request.startRevision === 0) next = Math.max(next, told + 1)
  }
  return next
}
