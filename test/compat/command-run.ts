/**
 * Runs command line tools for tests: to their end, or followed line by line while they go on.
 *
 * What differs from run to run without meaning anything (ids, ports, durations, Raft's
 * numbers) is replaced by {@link normalised}, so that outputs can be compared as text.
 */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'

/** How a tool ended. */
export interface Ended {
  readonly stdout: string
  readonly stderr: string
  /** Exit code; null after a signal. */
  readonly code: number | null
}

/** A command that tests run: the program and the arguments that always stand first. */
export interface Tool {
  readonly program: string
  readonly first: readonly string[]
}

/** What a run may be given. */
export interface RunOptions {
  /** All of standard input; nothing when absent. */
  readonly stdin?: string | Uint8Array
  readonly env?: NodeJS.ProcessEnv
}

/** A tool that has not ended after this time is killed, and the test fails. */
const RUN_MS_MAX = 60_000

/** Runs a tool to its end. */
export async function run(
  tool: Tool,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Ended> {
  const running = new Running(tool, args, options.env)
  running.write(options.stdin ?? '')
  running.endInput()
  return running.ended
}

/** A tool that goes on until it is told to end. */
export class Running {
  readonly ended: Promise<Ended>
  readonly #child: ChildProcessWithoutNullStreams
  readonly #line: string
  #stdout = ''
  #stderr = ''
  readonly #waiting = new Set<() => void>()
  #gone = false

  constructor(tool: Tool, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#line = [tool.program, ...args].join(' ')
    this.#child = spawn(tool.program, [...tool.first, ...args], {
      env: { ...process.env, ETCDCTL_API: '3', ...env },
    })
    this.#child.stdin.on('error', () => {})
    this.#child.stdout.setEncoding('latin1').on('data', (text: string) => {
      this.#stdout += text
      this.#wake()
    })
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
      this.#wake()
    })
    const last = setTimeout(() => this.#child.kill('SIGKILL'), RUN_MS_MAX)
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject)
      this.#child.once('close', (code) => {
        clearTimeout(last)
        this.#gone = true
        this.#wake()
        const stdout = Buffer.from(this.#stdout, 'latin1').toString('utf8')
        resolve({ stdout, stderr: withoutClientLog(this.#stderr), code })
      })
    })
  }

  /** Everything on standard output so far. */
  get stdout(): string {
    return Buffer.from(this.#stdout, 'latin1').toString('utf8')
  }

  write(input: string | Uint8Array): void {
    if (input.length > 0) this.#child.stdin.write(input)
  }

  endInput(): void {
    this.#child.stdin.end()
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }

  /** Waits until standard output is at least so many lines long, and returns it. */
  async lines(count: number): Promise<string> {
    while (this.#stdout.split('\n').length <= count) {
      if (this.#gone) {
        throw new Error(
          `'${this.#line}' ended before line ${count}:\n${this.#stdout}${this.#stderr}`,
        )
      }
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
    return this.stdout
  }
}

/** Drops the log lines that etcd's Go client writes to stderr by itself. */
function withoutClientLog(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('{"level":"warn"') && !/ [WI] \| pkg\/flags:/.test(line))
    .join('\n')
}

/**
 * Text with everything replaced that may differ between two clusters that did the same.
 *
 * Tables become lines of cells, since widths follow from contents.
 */
export function normalised(text: string): string {
  return cells(text)
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:<port>')
    .replace(/\b[0-9a-f]{13,16}\b/g, '<id>')
    .replace(/\b\d{15,20}\b/g, '<id>')
    .replace(/"RaftTerm" : \d+/g, '"RaftTerm" : <n>')
    .replace(/"raft(_term|Term|Index|AppliedIndex)":\d+/g, '"raft$1":<n>')
    .replace(/"(Raft\w*|DBSize\w*|Hash)" : \d+/g, '"$1" : <n>')
    .replace(/"(dbSize|dbSizeInUse|hash)":\d+/g, '"$1":<n>')
    .replace(/\b\d+(\.\d+)?(ms|µs|s)\b(?!\))/g, '<took>')
    .replace(/remaining\(\d+s\)/g, 'remaining(<n>s)')
    .replace(/("TTL" : |"ttl":)[1-5]\d\b/g, '$1<n>')
    .replace(/\b(true|false), (true|false), \d+, \d+, \d+, /g, '$1, $2, <n>, <n>, <n>, ')
    .replace(/ \| (true|false) \| (true|false)( \| \d+){3} \|/g, ' | $1 | $2 | <n> | <n> | <n> |')
    .replace(
      /attached keys\(\[([^\]]*)\]\)/g,
      (_, keys: string) => `attached keys([${inOrder(keys)}])`,
    )
}

/** etcd tells the keys of a lease in the order of a Go map: any. */
function inOrder(keys: string): string {
  return keys.split(' ').sort().join(' ')
}

function cells(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^\+[-+]+\+$/.test(line))
    .map((line) =>
      /^\|.*\|$/.test(line)
        ? line
            .slice(1, -1)
            .split('|')
            .map((cell) => cell.trim())
            .join(' | ')
        : line,
    )
    .join('\n')
}
