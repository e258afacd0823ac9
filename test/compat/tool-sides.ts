/**
 * Two clusters side by side, on which the same commands are run and must end alike.
 *
 * Revisions are told from a base that is taken when a story begins: `@+2` in a command
 * is the second revision after it, and outputs that name revisions show them so, too.
 */

import { expect } from '@jest/globals'
import { type Ended, normalised, Running, type RunOptions, run, type Tool } from './command-run.js'

/** A tool that talks to a cluster. */
export interface Side {
  readonly tool: Tool
  /** `http://host:port` of each member. */
  readonly urls: readonly string[]
}

/** How long a watch may take to begin before its marker is written again. */
const MARK_MS = 200
const MARKER = 'from-here-on'
/** As text and as `--hex` prints it. */
const MARKER_FORMS = [MARKER, MARKER.replace(/./g, (c) => `\\x${c.charCodeAt(0).toString(16)}`)]

/** One side, or two of which the second is the example that the first must follow. */
export class Sides {
  readonly all: readonly Side[]
  readonly #bases: number[]
  /** Writes what no test looks at: the last tool, which is etcdctl when there is one, since it starts fast. */
  readonly #scribe: Tool

  constructor(sides: readonly Side[]) {
    this.all = sides
    this.#scribe = sides.at(-1)!.tool
    this.#bases = sides.map(() => 0)
  }

  /** The base of one side. */
  baseOf(side: Side): number {
    return this.#bases[this.all.indexOf(side)]!
  }

  /** Deletes every key and takes the revision after that as the base. */
  async fresh(): Promise<void> {
    for (const [i, { urls }] of this.all.entries()) {
      const side = { tool: this.#scribe, urls }
      await this.#run(side, ['del', '', '--prefix'])
      const { stdout, stderr } = await this.#run(side, ['get', 'no-such-key', '-w', 'json'])
      const revision = /"revision":(\d+)/.exec(stdout)?.[1]
      if (revision === undefined) throw new Error(`no revision: ${stdout}${stderr}`)
      this.#bases[i] = Number(revision)
    }
  }

  /** Runs a command on every side. Resolves with how it ended on each. */
  ends(args: string | readonly string[], options: RunOptions = {}): Promise<Ended[]> {
    const words = typeof args === 'string' ? args.split(' ') : args
    return Promise.all(
      this.all.map(async (side, i) => {
        const ended = await this.#run(side, this.#filledIn(words, i), options)
        return this.#told(ended, i)
      }),
    )
  }

  /** As {@link ends}; all must end alike. Resolves with how it ended on the first. */
  async end(args: string | readonly string[], options: RunOptions = {}): Promise<Ended> {
    const [ours, theirs] = await this.ends(args, options)
    if (theirs !== undefined) expect(ours).toEqual(theirs)
    return ours!
  }

  /** As {@link end}, for a command that must succeed. Resolves with its standard output. */
  async out(args: string | readonly string[], options: RunOptions = {}): Promise<string> {
    const { stdout, stderr, code } = await this.end(args, options)
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
    return stdout
  }

  /** As {@link out}, of members, whose order is that of their random ids: sorted lines. */
  async lines(args: string): Promise<string[]> {
    const results = []
    for (const side of this.all) {
      const { stdout, stderr, code } = await this.#run(side, args.split(' '))
      expect(code).toBe(0)
      results.push(
        normalised(stdout + stderr)
          .trim()
          .split('\n')
          .sort(),
      )
    }
    if (results[1] !== undefined) expect(results[0]).toEqual(results[1])
    return results[0]!
  }

  /** Runs a command, then others in which `$` is the id that the first one printed. */
  async withId(first: string, pattern: RegExp, then: readonly string[]): Promise<string[]> {
    const results = []
    for (const [i, side] of this.all.entries()) {
      const made = await this.#run(side, first.split(' '))
      const id = pattern.exec(made.stdout)?.[1]
      if (id === undefined) throw new Error(`no id in '${made.stdout}${made.stderr}'`)
      const texts = [normalised(made.stdout)]
      for (const command of then) {
        const next = await this.#run(side, command.replace('$', id).split(' '))
        const text = relative(normalised(next.stdout + next.stderr), this.#bases[i]!)
        texts.push(text + (next.code === 0 ? '' : `${next.code}`))
      }
      results.push(texts)
    }
    if (results[1] !== undefined) expect(results[0]).toEqual(results[1])
    return results[0]!
  }

  /**
   * Follows a command that goes on, such as a watch, while `act` runs.
   *
   * @param args the command; `stdin` for an interactive one.
   * @param marker a key that it watches: it is written until the watch is seen to be open.
   * @param lines how many lines to wait for from then on.
   */
  async follow(
    args: string | readonly string[],
    marker: string,
    lines: number,
    act: () => Promise<unknown>,
    stdin: readonly string[] = [],
  ): Promise<string> {
    const words = typeof args === 'string' ? args.split(' ') : args
    const running = this.all.map((side, i) => this.start(side, this.#filledIn(words, i)))
    try {
      const skipped: number[] = []
      for (const [i, one] of running.entries()) {
        for (const line of stdin) one.write(`${line}\n`)
        skipped.push(await this.#opened(one, this.all[i]!, marker))
      }
      await act()
      const seen = await Promise.all(running.map((one, i) => one.lines(skipped[i]! + lines)))
      const texts = seen.map((text, i) => text.split('\n').slice(skipped[i]).join('\n'))
      const shown = texts.map((text) => relative(normalised(text), firstRevision(text)))
      if (shown[1] !== undefined) expect(shown[0]).toBe(shown[1])
      return texts[0]!
    } finally {
      for (const one of running) one.signal('SIGINT')
      await Promise.all(running.map((one) => one.ended))
    }
  }

  /** Runs a command that goes on until it has printed so many lines, and interrupts it. */
  async until(args: string, lines: number): Promise<string> {
    const running = this.all.map((side, i) => this.start(side, this.#filledIn(args.split(' '), i)))
    try {
      const texts = await Promise.all(running.map((one) => one.lines(lines)))
      if (texts[1] !== undefined) expect(normalised(texts[0]!)).toBe(normalised(texts[1]))
      return texts[0]!
    } finally {
      for (const one of running) one.signal('SIGINT')
      await Promise.all(running.map((one) => one.ended))
    }
  }

  /** Starts a command on one side. */
  start(side: Side, words: readonly string[], env?: NodeJS.ProcessEnv): Running {
    return new Running(side.tool, [endpointsFlag(side.urls), ...words], env)
  }

  /** Writes the marker until the follower has printed it; how many lines that took. */
  async #opened(one: Running, { urls }: Side, marker: string): Promise<number> {
    const side = { tool: this.#scribe, urls }
    const ended = one.ended.then(({ stderr }) => {
      throw new Error(`the follower ended: ${stderr}`)
    })
    ended.catch(() => {})
    for (let i = 0; one.stdout === ''; i++) {
      await this.#run(side, ['put', marker, `${i}`])
      const pause = new Promise((done) => setTimeout(done, MARK_MS))
      await Promise.race([one.lines(1), pause, ended])
    }
    // A key made anew: its revisions do not depend on how long that took.
    for (const words of [
      ['del', marker],
      ['put', marker, MARKER],
    ]) {
      const { stderr, code } = await this.#run(side, words)
      if (code !== 0) throw new Error(`${words.join(' ')}: ${stderr}`)
    }
    for (let count = 1; ; count++) {
      const text = await Promise.race([one.lines(count), ended])
      const at = text
        .split('\n')
        .findIndex((line) => MARKER_FORMS.some((form) => line.includes(form)))
      if (at >= 0) return at + 1
    }
  }

  #run(side: Side, words: readonly string[], options: RunOptions = {}): Promise<Ended> {
    return run(side.tool, [endpointsFlag(side.urls), ...words], options)
  }

  #filledIn(words: readonly string[], i: number): string[] {
    return words.map((word) => word.replace(/@\+(\d+)/, (_, n) => `${this.#bases[i]! + Number(n)}`))
  }

  #told({ stdout, stderr, code }: Ended, i: number): Ended {
    return {
      stdout: relative(normalised(stdout), this.#bases[i]!),
      stderr: relative(normalised(stderr), this.#bases[i]!),
      code,
    }
  }
}

/** The revision before the first one that `-w fields` shows. */
function firstRevision(text: string): number {
  return Number(/^"Revision" : (\d+)/m.exec(text)?.[1] ?? 1) - 1
}

/** Shows revisions from the base on; smaller ones, such as 0, stay. */
function relative(text: string, base: number): string {
  return text.replace(
    /("(?:create_|mod_|compact_)?revision":|evision" : |compacted revision |notify: |LOCK_REV=)(\d+)/g,
    (all, name, digits) => (Number(digits) < base ? all : `${name}@+${Number(digits) - base}`),
  )
}

/** The flag for these members; etcdctl 3.4 takes addresses without a scheme as they are. */
export function endpointsFlag(urls: readonly string[]): string {
  return `--endpoints=${urls.map((url) => url.replace('http://', '')).join(',')}`
}
