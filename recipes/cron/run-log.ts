/** What a handler logs: the first of it and the last of it, whatever it logs in between. */

/** Characters of each. */
const PART_MAX = 4_096

/** See the head of the file. */
export class RunLog {
  #head = ''
  #tail = ''
  #length = 0

  /** Adds a line. */
  add(line: string): void {
    const text = `${line}\n`
    this.#length += text.length
    const room = PART_MAX - this.#head.length
    if (this.#tail === '') this.#head += text.slice(0, room)
    const rest = this.#tail === '' ? text.slice(room) : text
    this.#tail = (this.#tail + rest).slice(-PART_MAX)
  }

  /** All of it, or both ends and how much is left out between them; undefined when there is none. */
  get text(): string | undefined {
    if (this.#length === 0) return undefined
    const left = this.#length - this.#head.length - this.#tail.length
    if (left <= 0) return this.#head + this.#tail
    return `${this.#head}\n[${left} characters left out]\n${this.#tail}`
  }
}
