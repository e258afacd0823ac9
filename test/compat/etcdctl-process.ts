/** Debian's `etcdctl` as a process whose lines a test reads: it holds locks and leads elections beside us. */

import { type ChildProcess, spawn } from 'node:child_process'

/** One running etcdctl. */
export class Etcdctl {
  /** What it has printed, without empty lines. */
  readonly lines: string[] = []
  readonly ended: Promise<number | null>
  readonly #child: ChildProcess
  #wake: (() => void)[] = []
  #over = false

  constructor(binary: string, endpoints: readonly string[], args: readonly string[]) {
    this.#child = spawn(binary, ['--endpoints', endpoints.join(','), ...args], {
      env: { ...process.env, ETCDCTL_API: '3' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let rest = ''
    const take = (text: string): void => {
      const lines = (rest + text).split('\n')
      rest = lines.pop()!
      this.lines.push(...lines.filter((line) => line !== ''))
      this.#wakeAll()
    }
    this.#child.stdout!.setEncoding('utf8').on('data', take)
    this.#child.stderr!.setEncoding('utf8').on('data', take)
    this.ended = new Promise((resolve) => this.#child.once('close', (code) => resolve(code)))
    void this.ended.then(() => {
      this.#over = true
      this.#wakeAll()
    })
  }

  /** Waits until it has printed so many lines. @throws when it ends before. */
  async printed(count: number): Promise<readonly string[]> {
    while (this.lines.length < count) {
      if (this.#over) throw new Error(`etcdctl ended after: ${this.lines.join(' | ')}`)
      await new Promise<void>((resolve) => this.#wake.push(resolve))
    }
    return this.lines
  }

  /** As Ctrl-C: it gives back what it holds, and ends. */
  interrupt(): Promise<number | null> {
    this.#child.kill('SIGINT')
    return this.ended
  }

  /** It dies and gives nothing back. */
  kill(): Promise<number | null> {
    this.#child.kill('SIGKILL')
    return this.ended
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}
