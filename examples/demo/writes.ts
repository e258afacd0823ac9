/** The writes of the demo: what was acknowledged must be there in the end. */

import { type Client, ConclaveError } from 'conclave'

/** Writes one key after another and remembers which were acknowledged. */
export class Writes {
  /** Key to revision. */
  readonly acknowledged = new Map<string, number>()
  readonly #through: Client
  readonly #unknown: string[] = []
  readonly #done: Promise<void>
  #stopped = false

  constructor(through: Client) {
    this.#through = through
    this.#done = this.#run()
  }

  /** Resolves when the write under way is answered. */
  stop(): Promise<void> {
    this.#stopped = true
    return this.#done
  }

  /** Reads everything back. */
  async account(): Promise<{ lost: string[]; unknown: number }> {
    const { kvs } = await this.#through.kv.getAll({ prefix: 'orders/' })
    const revisions = new Map(kvs.map((kv) => [kv.keyString, kv.modRevision]))
    const lost = [...this.acknowledged].filter(([key, revision]) => revisions.get(key) !== revision)
    return { lost: lost.map(([key]) => key), unknown: this.#unknown.length }
  }

  async #run(): Promise<void> {
    for (let i = 1; !this.#stopped; i++) {
      const key = `orders/${String(i).padStart(6, '0')}`
      try {
        this.acknowledged.set(key, (await this.#through.kv.put(key, `order ${i}`)).revision)
      } catch (error) {
        if (!(error instanceof ConclaveError)) throw error
        if (error.code === 'closed') return
        this.#unknown.push(key)
      }
    }
  }
}
