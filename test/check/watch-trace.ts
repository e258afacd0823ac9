/** What one watcher was told, taken from what went over its stream: the input of the watch rules. */

import type { WatchCreateRequest, WatchResponse } from '../../client/wire/generated/rpc.js'

/** One watcher's life as its client saw it. */
export interface WatchTrace {
  readonly request: WatchCreateRequest
  /** From `created` to `canceled`, in order of arrival, and the progress answers for the whole stream. */
  readonly responses: readonly WatchResponse[]
}

/** A trace that still grows. */
interface Recording {
  readonly request: WatchCreateRequest
  readonly responses: WatchResponse[]
}

/** Sorts the responses of one stream by watcher. Feed it everything, in order. */
export class StreamRecorder {
  readonly #traces: Recording[] = []
  /** Sent, but not answered by `created` yet; the server answers in order. */
  readonly #asked: WatchCreateRequest[] = []
  readonly #open = new Map<number, Recording>()
  /** Ids that a compaction ended: the client may still cancel them, and is answered. */
  readonly #compacted = new Set<number>()

  /** All watchers so far, refused ones included, in order of creation. */
  get traces(): readonly WatchTrace[] {
    return this.#traces
  }

  /** The ids that are open. */
  get ids(): number[] {
    return [...this.#open.keys()]
  }

  /** The client asks for a watcher. */
  create(request: WatchCreateRequest): void {
    this.#asked.push(request)
  }

  /** The client got a response. */
  receive(response: WatchResponse): void {
    const { watchId } = response
    if (response.created) this.#created(response)
    else if (watchId === -1)
      for (const recording of this.#open.values()) recording.responses.push(response)
    else {
      const recording = this.#open.get(watchId)
      if (response.canceled && recording === undefined && this.#compacted.delete(watchId)) return
      if (recording === undefined)
        throw new Error(`a response for watcher ${watchId}, which is not open`)
      recording.responses.push(response)
      if (!response.canceled) return
      this.#open.delete(watchId)
      if (response.compactRevision > 0) this.#compacted.add(watchId)
    }
  }

  #created(response: WatchResponse): void {
    const request = this.#asked.shift()
    if (request === undefined) throw new Error('a watcher was created that nobody asked for')
    const recording = { request, responses: [response] }
    this.#traces.push(recording)
    if (response.canceled) return
    if (this.#open.has(response.watchId))
      throw new Error(`watcher ${response.watchId} was created twice`)
    this.#open.set(response.watchId, recording)
  }
}
