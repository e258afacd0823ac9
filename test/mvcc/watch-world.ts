/** Streams of a hub for tests: sinks that can be slow, and what their clients saw. */

import type { Init } from '../../client/wire/codec.js'
import { type Event, EventType } from '../../client/wire/generated/kv.js'
import { WatchCreateRequest, WatchResponse } from '../../client/wire/generated/rpc.js'
import { bytesOf, keyOf } from '../../server/mvcc/interval.js'
import { WatchHub, type WatchHubOptions } from '../../server/mvcc/watch-hub.js'
import type { WatchSink, WatchStream } from '../../server/mvcc/watch-stream.js'
import { StreamRecorder } from '../check/watch-trace.js'
import { SeededRandom } from '../model/random.js'
import { StoreWorld } from './store-world.js'

/** A client at the other end of a stream. It takes `room` responses and then wants a pause. */
export class TestClient {
  readonly recorder = new StreamRecorder()
  readonly received: WatchResponse[] = []
  readonly stream: WatchStream
  /** Responses it takes before it says stop. */
  room = Number.POSITIVE_INFINITY
  paused = false
  closed = false
  /** What the client does in the moment in which it gets a response. */
  reaction: (response: WatchResponse) => void = () => {}

  /** @param encoded whether the sink takes bytes. */
  constructor(hub: WatchHub, encoded: boolean) {
    const sink: WatchSink = {
      send: (response) => this.#take(WatchResponse.create(response)),
      header: (revision) => ({ revision }),
      pause: () => {
        this.paused = true
      },
      resume: () => {
        this.paused = false
      },
      closed: () => {
        this.closed = true
      },
    }
    if (encoded) sink.sendBytes = (bytes) => this.#take(WatchResponse.decode(bytes))
    this.stream = hub.open(sink)
  }

  /** Asks for a watcher of `[key, end)`. */
  watch(key: string, end = '', more: Init<WatchCreateRequest> = {}): void {
    const request = WatchCreateRequest.create({
      key: bytesOf(key),
      rangeEnd: bytesOf(end),
      ...more,
    })
    this.recorder.create(request)
    this.stream.create(request)
  }

  /** Takes so many more responses. */
  drain(room = Number.POSITIVE_INFINITY): void {
    this.room = room
    this.stream.drained()
  }

  /** What came since the last call, a line each. */
  lines(): string[] {
    return this.received.splice(0).map(responseLine)
  }

  #take(response: WatchResponse): boolean {
    this.received.push(response)
    this.recorder.receive(response)
    this.reaction(response)
    return --this.room > 0
  }
}

/** `#0 r5: put a=1@5 (0@4), delete b@5`: id, header revision, events with previous values. */
export function responseLine(response: WatchResponse): string {
  const { watchId, header, created, canceled, compactRevision, cancelReason } = response
  const words = [
    created ? 'created' : '',
    canceled ? 'canceled' : '',
    compactRevision ? `compacted ${compactRevision}` : '',
    cancelReason ? `'${cancelReason}'` : '',
    response.fragment ? 'fragment' : '',
    response.events.map(eventText).join(', '),
  ].filter((word) => word !== '')
  return `#${watchId} r${header?.revision}: ${words.join(' ')}`
}

function eventText({ type, kv, prevKv }: Event): string {
  const text = (value: Uint8Array) => (value.length > 20 ? `<${value.length}>` : keyOf(value))
  const before = prevKv ? ` (${text(prevKv.value)}@${prevKv.modRevision})` : ''
  const at = `${keyOf(kv!.key)}${type === EventType.PUT ? `=${text(kv!.value)}` : ''}`
  return `${type === EventType.PUT ? 'put' : 'delete'} ${at}@${kv!.modRevision}${before}`
}

/** A store with a hub over it. */
export class WatchWorld {
  private constructor(
    readonly world: StoreWorld,
    readonly hub: WatchHub,
  ) {}

  static async open(limits: Partial<WatchHubOptions> = {}): Promise<WatchWorld> {
    const world = await StoreWorld.open()
    const random = new SeededRandom(1)
    const { store, clock } = world
    return new WatchWorld(world, new WatchHub({ store, clock, random, ...limits }))
  }

  client(encoded = true): TestClient {
    return new TestClient(this.hub, encoded)
  }

  /** Lets waiting work run, until none is left. */
  settle(): void {
    this.world.clock.advance(0)
  }
}
