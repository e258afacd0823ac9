/** Reads standard input line by line, as much as is asked for. */

import { createInterface } from 'node:readline'

/** Lines on demand. */
export class LineReader {
  readonly #lines: AsyncIterator<string>
  readonly #close: () => void

  constructor(input: NodeJS.ReadableStream) {
    const reader = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
    this.#lines = reader[Symbol.asyncIterator]()
    this.#close = () => reader.close()
  }

  /** The next line; undefined at the end of the input. */
  async next(): Promise<string | undefined> {
    const { done, value } = await this.#lines.next()
    return done ? undefined : value
  }

  /** Reads no more. */
  close(): void {
    this.#close()
  }
}
