/**
 * A process that lives one seed at a time, seen from the process that gives the orders.
 *
 * It is started when it is first needed and again after it died. A seed whose process
 * died, ran out of memory or did not answer in time has failed with that as its rule:
 * `died`, `memory` or `hung`.
 */

import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Answer, Job, Order, Outcome } from './job.js'
import { lostLife } from './job.js'
import type { ScriptStretches } from './precise-coverage.js'
import { COVERAGE_FLAG } from './serve.js'

/** How its processes are started. */
export interface SeedProcessOptions {
  /** The compiled program. Default: the one that lives the real swarm. */
  readonly program?: URL
  /** Options for Node itself. */
  readonly execArgv?: readonly string[]
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>
  /** How long a seed may take in real time. Default 180 s. */
  readonly wallLimitMs?: number
  /** Counts which branches are taken. */
  readonly coverage?: boolean
  /** A process that holds more than this is replaced after its seed. Default 1.5 GiB. */
  readonly memoryBytesMax?: number
  /** Lets what the lives print through to the terminal. */
  readonly printsTrace?: boolean
}

const WALL_LIMIT_MS = 180_000
const MEMORY_BYTES_MAX = 1.5 * 2 ** 30
/** How long a process may take before it can begin. */
const START_LIMIT_MS = 60_000
/** How long the end of a process may take, with what it has to say about coverage. */
const END_LIMIT_MS = 30_000
/** How much of the last words of a dead process is kept. */
const LAST_WORDS_CHARS = 2_000
const WORKER = new URL('./worker.js', import.meta.url)

/** The program does not start: no seed can be lived. The message holds its last words. */
export class StartError extends Error {}

/** See the head of the file. */
export class SeedProcess {
  readonly #options: SeedProcessOptions
  readonly #coverage: ScriptStretches[] = []
  #child: ChildProcess | undefined
  /** What the process wrote to stderr; its last words when it dies. */
  #stderr = ''
  #isKilled = false

  constructor(options: SeedProcessOptions = {}) {
    this.#options = options
  }

  /**
   * Lives one seed.
   *
   * @returns undefined when {@link kill} came before the answer.
   * @throws StartError when there is no process to live it.
   */
  async run(job: Job): Promise<Outcome | undefined> {
    if (this.#isKilled) return undefined
    if (this.#child === undefined) await this.#start()
    if (this.#isKilled) return undefined
    const answer = await this.#ask({ job }, this.#options.wallLimitMs ?? WALL_LIMIT_MS)
    if (this.#isKilled) return undefined
    if (typeof answer === 'string') return this.#lost(job, answer)
    if (!('life' in answer)) throw new Error('a process answered a life with something else')
    if (answer.cost.memoryBytes > (this.#options.memoryBytesMax ?? MEMORY_BYTES_MAX))
      await this.end()
    return answer
  }

  /** Ends the process. @returns what all processes of this object covered, empty unless asked for. */
  async end(): Promise<readonly ScriptStretches[]> {
    const child = this.#child
    if (child === undefined || this.#isKilled) return this.#coverage
    if (this.#options.coverage === true) {
      const answer = await this.#ask({ end: true }, END_LIMIT_MS)
      if (typeof answer !== 'string' && 'coverage' in answer)
        this.#coverage.push(...answer.coverage)
    }
    child.kill('SIGKILL')
    this.#child = undefined
    return this.#coverage
  }

  /** Ends everything at once: no run resolves with an outcome any more. */
  kill(): void {
    this.#isKilled = true
    this.#child?.kill('SIGKILL')
  }

  /** Starts a process and waits until it can begin. */
  async #start(): Promise<void> {
    this.#child = this.#fork()
    const answer = await this.#answer(this.#child, START_LIMIT_MS)
    if (typeof answer === 'string' && !this.#isKilled)
      throw new StartError(`the process that lives seeds does not start: ${this.#lastWords()}`)
  }

  /** Gives an order. @returns the answer, or how the process was lost. */
  #ask(order: Order, limitMs: number): Promise<Answer | 'hung' | 'died'> {
    const child = this.#child
    if (child === undefined) throw new Error('an order for a process that was not started')
    child.send(order, (error) => {
      // The process is gone or going; its end says the rest.
      if (error !== null) child.kill('SIGKILL')
    })
    return this.#answer(child, limitMs)
  }

  #answer(child: ChildProcess, limitMs: number): Promise<Answer | 'hung' | 'died'> {
    return new Promise((resolve) => {
      const settle = (answer: Answer | 'hung' | 'died') => {
        clearTimeout(limit)
        child.off('message', settle).off('close', died)
        if (typeof answer === 'string') this.#child = undefined
        resolve(answer)
      }
      const died = () => settle('died')
      const limit = setTimeout(() => {
        child.kill('SIGKILL')
        settle('hung')
      }, limitMs)
      child.on('message', settle).on('close', died)
    })
  }

  #fork(): ChildProcess {
    const { program = WORKER, execArgv, env, coverage, printsTrace } = this.#options
    const child = fork(fileURLToPath(program), coverage === true ? [COVERAGE_FLAG] : [], {
      execArgv: [...(execArgv ?? [])],
      env: { ...process.env, ...env },
      serialization: 'advanced',
      stdio: ['ignore', printsTrace === true ? 'inherit' : 'ignore', 'pipe', 'ipc'],
    })
    this.#stderr = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-LAST_WORDS_CHARS)
    })
    // A process that cannot be made closes as one that died.
    child.on('error', (error) => {
      this.#stderr += error.message
    })
    return child
  }

  #lastWords(): string {
    return this.#stderr.trim() || 'it said nothing'
  }

  #lost(job: Job, how: 'hung' | 'died'): Outcome {
    const seed = 'plan' in job.life ? job.life.plan.seed : job.life.seed
    const limitSeconds = (this.#options.wallLimitMs ?? WALL_LIMIT_MS) / 1000
    const isMemory = /heap out of memory|Allocation failed/.test(this.#stderr)
    const rule = how === 'died' && isMemory ? 'memory' : how
    const message =
      how === 'hung'
        ? `the process did not answer within ${limitSeconds} s`
        : `the process died: ${this.#lastWords()}`
    return { life: lostLife(seed, rule, message), cost: { cpuMs: 0, memoryBytes: 0 } }
  }
}
