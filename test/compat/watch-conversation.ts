/**
 * All watchers of one sequence on one stream to one server.
 *
 * How servers cut their events into responses is their own affair, and what is
 * recorded is the events alone. What must hold for every cut is looked at here: a
 * revision is in one response, and no header is older than its events.
 */

import type { MessageStream } from '../../client/host/stream.js'
import type { Channel } from '../../client/host/transport.js'
import type { Init } from '../../client/wire/codec.js'
import {
  type WatchCreateRequest,
  type WatchRequest,
  WatchResponse,
} from '../../client/wire/generated/rpc.js'
import { Watch } from '../../client/wire/methods.js'
import { RpcError, Status } from '../../client/wire/status.js'
import { bytesOf } from '../model/requests.js'
import { MARK_KEY } from './sequence.js'
import { shifted } from './shift.js'
import type { Answer, WatchStory } from './side.js'

/** How long something that must come may take. */
const PATIENCE_MS = 10_000
/** How long to listen for what should not come. */
const SILENCE_MS = 25
/** etcd answers a progress request only once its watchers caught up, which it looks at every 100 ms. */
const ASK_AGAIN_MS = 150

/** The first id of our own watchers, far from those of any sequence. */
const PROBE_ID = 1_000_000

/** See the head of the file. */
export class WatchConversation {
  readonly #stream: MessageStream<WatchResponse, Init<WatchRequest>>
  readonly #base: number
  readonly #asked: WatchCreateRequest[] = []
  readonly #stories: WatchStory[] = []
  readonly #open = new Map<number, WatchStory>()
  #progress: WatchResponse | undefined
  #cancelAnswer: WatchResponse | undefined
  #probes = 0
  /** The newest probe that heard of its write. */
  #probed: number | undefined
  #closed: RpcError | undefined
  /** Called after every message. */
  #look: () => void = () => {}

  constructor(channel: Channel, base: number) {
    this.#base = base
    this.#stream = channel.stream(Watch.watch)
    this.#stream.receive({
      message: (message) => {
        this.#receive(shifted(message, -this.#base))
        this.#look()
      },
      close: (error) => {
        this.#closed = error ?? new RpcError(Status.OK, '')
        this.#look()
      },
    })
  }

  get stories(): readonly WatchStory[] {
    return this.#stories
  }

  async create(request: WatchCreateRequest): Promise<Answer> {
    const count = this.#stories.length
    this.#asked.push(request)
    this.#stream.send({ createRequest: shifted(request, this.#base) })
    await this.until(() => this.#stories.length > count)
    const story = this.#stories[count]
    return story === undefined ? { silent: true } : { response: story.created }
  }

  async cancel(watchId: number, answered: boolean): Promise<Answer> {
    this.#cancelAnswer = undefined
    this.#stream.send({ cancelRequest: { watchId } })
    await this.until(() => this.#cancelAnswer !== undefined, patience(answered))
    return this.#cancelAnswer === undefined ? { silent: true } : { response: this.#cancelAnswer }
  }

  async progress(answered: boolean): Promise<Answer> {
    this.#progress = undefined
    for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += ASK_AGAIN_MS) {
      this.#stream.send({ progressRequest: {} })
      await this.until(() => this.#progress !== undefined, answered ? ASK_AGAIN_MS : SILENCE_MS)
      if (this.#progress !== undefined) return { response: this.#progress }
      if (!answered) break
    }
    return { silent: true }
  }

  /** Waits until something holds of the stories; gives up after `timeoutMs`, or when the stream ends. */
  until(holds: (stories: readonly WatchStory[]) => boolean, timeoutMs = PATIENCE_MS) {
    return new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.#look = () => {}
        resolve()
      }
      const timer = setTimeout(done, timeoutMs)
      this.#look = () => {
        if (this.#closed !== undefined || holds(this.#stories)) done()
      }
      this.#look()
    })
  }

  /**
   * Waits until every watcher has caught up with a write of {@link MARK_KEY}. A server
   * lets watchers catch up all together, so a new one that asks for the past and gets it
   * is proof that the older ones got theirs, also those for whom there was nothing. And
   * since there is one queue per stream, nothing older can arrive after it.
   */
  async caughtUp(revision: number): Promise<void> {
    const watchId = PROBE_ID + this.#probes++
    const startRevision = revision + this.#base
    this.#stream.send({ createRequest: { key: bytesOf(MARK_KEY), startRevision, watchId } })
    await this.until(() => this.#probed === watchId)
    if (this.#closed !== undefined) throw this.#closed
    if (this.#probed !== watchId) throw new Error('a watcher never caught up')
    this.#stream.send({ cancelRequest: { watchId } })
  }

  close(): void {
    this.#stream.fail(new RpcError(Status.CANCELLED, 'the test is done with it'))
  }

  #receive(response: WatchResponse): void {
    const { watchId } = response
    if (watchId >= PROBE_ID) {
      if (response.events.length > 0) this.#probed = watchId
    } else if (response.created) this.#created(response)
    else if (watchId === -1) this.#progress = response
    else if (response.canceled && response.compactRevision === 0) this.#canceled(response)
    else this.#heard(response)
  }

  #created(created: WatchResponse): void {
    const request = this.#asked.shift()
    if (request === undefined) throw new Error('a watcher was created that nobody asked for')
    const story = { request, created, events: [], oddities: [], canceled: undefined }
    this.#stories.push(story)
    if (!created.canceled) this.#open.set(created.watchId, story)
  }

  #canceled(response: WatchResponse): void {
    this.#cancelAnswer = response
    this.#open.delete(response.watchId)
  }

  #heard(response: WatchResponse): void {
    const story = this.#open.get(response.watchId)
    if (story === undefined) {
      // Told as a story of its own, so that it shows up as a difference.
      const created = WatchResponse.create({ watchId: response.watchId })
      const oddities = ['a response without a watcher']
      const request = {} as WatchCreateRequest
      this.#stories.push({ request, created, events: [], oddities, canceled: response })
      return
    }
    if (response.canceled) story.canceled = response
    lookAt(story, response)
    story.events.push(...response.events)
  }
}

function patience(answered: boolean): number {
  return answered ? PATIENCE_MS : SILENCE_MS
}

function lookAt(story: WatchStory, { events, header, canceled, fragment }: WatchResponse): void {
  const [first, last] = [events[0]?.kv?.modRevision, events.at(-1)?.kv?.modRevision]
  if (first === undefined || last === undefined) {
    if (!canceled) story.oddities.push('a response without events')
    return
  }
  if (first === story.events.at(-1)?.kv?.modRevision)
    story.oddities.push(`revision ${first} came in two responses`)
  if ((header?.revision ?? 0) < last)
    story.oddities.push(`the header says ${header?.revision}, the events go up to ${last}`)
  if (fragment) story.oddities.push(`a fragment, though the events are small`)
}
