/**
 * Sessions one after the other, for what is to heal for ever: when the last one is lost,
 * the next one is made.
 *
 * Whoever asks while one is being made gets that one. A cluster that cannot answer is asked
 * again, with a growing pause that differs from process to process, until the asker's
 * signal aborts or the source is closed. What is wrong for good (an option, a permission)
 * is thrown.
 */

import { ConclaveError, type Keyspace } from '../client/index.js'
import { insist } from './insist.js'
import { Session } from './session.js'
import { checkOptions, type SessionOptions, TTL_SECONDS } from './session-options.js'

const PACE = { firstMs: 100, mostMs: 5_000 }

/** See the head of the file. */
export class SessionSource implements AsyncDisposable {
  readonly client: Keyspace
  readonly #options: SessionOptions
  readonly #controller = new AbortController()
  #session: Session | undefined
  #making: Promise<Session> | undefined

  /** @throws {ConclaveError} `invalid-argument`. */
  constructor(client: Keyspace, options: SessionOptions = {}) {
    checkOptions(options, options.ttlSeconds ?? TTL_SECONDS)
    this.client = client
    this.#options = options
  }

  /** The session that lives now, if one does. */
  get current(): Session | undefined {
    return this.#session?.alive ? this.#session : undefined
  }

  /**
   * A session that lives.
   *
   * @throws {ConclaveError} `cancelled` by the signal, `closed`, `permission-denied`, ….
   */
  async get({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<Session> {
    for (;;) {
      this.#checkOpen()
      if (signal?.aborted) throw cancelled(signal)
      if (this.current !== undefined) return this.current
      this.#making ??= this.#make().finally(() => {
        this.#making = undefined
      })
      await unless(signal, this.#making)
    }
  }

  /** Ends the session; no other is made. Idempotent. */
  async close(): Promise<void> {
    this.#controller.abort()
    await this.#making?.catch(() => {})
    await this.#session?.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #make(): Promise<Session> {
    const { signal } = this.#controller
    const create = () => Session.create(this.client, { ...this.#options, signal })
    const session = await insist(this.client, () => this.#isClosed, create, signal, PACE)
    if (session === undefined) throw closed()
    this.#session = session
    return session
  }

  get #isClosed(): boolean {
    return this.#controller.signal.aborted || this.client.closed
  }

  #checkOpen(): void {
    if (this.#isClosed) throw closed()
  }
}

function closed(): ConclaveError {
  return new ConclaveError('closed', 'The source of sessions is closed; make a new one.')
}

function cancelled({ reason }: AbortSignal): ConclaveError {
  return new ConclaveError('cancelled', 'The wait for a session was aborted.', { cause: reason })
}

/** What is promised, unless the signal aborts before; it has not yet. */
async function unless<T>(signal: AbortSignal | undefined, promised: Promise<T>): Promise<T> {
  if (signal === undefined) return promised
  let onAbort = () => {}
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(cancelled(signal))
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([promised, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
