/** One job, three processes that could do it: one does, and when it is killed, another goes on. */

import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { withCluster } from '../cluster.js'
import { dismissed } from '../dismissed.js'
import type { Report } from './worker.js'

const NAMES = ['anna', 'ben', 'cleo']
/** Leaders that are killed before the last one may go on to the end. */
const KILLS = 2
const PIECES = 4
const GIVE_UP_MS = 30_000

/** A leader who reports its pieces. */
interface Reign {
  readonly name: string
  readonly token: number
  readonly pieces: number[]
}

const program = fileURLToPath(new URL('./worker.js', import.meta.url))

/** Starts the workers, kills those who lead, and remembers who did what. */
class Story {
  readonly reigns: Reign[] = []
  readonly #workers = new Map<string, ChildProcess>()

  /** Resolves when the last leader has done its part. */
  run(endpoints: readonly string[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('nobody leads')), GIVE_UP_MS)
      for (const name of NAMES) {
        const worker = fork(program, [name, endpoints.join(',')])
        this.#workers.set(name, worker)
        worker.on('message', (report: Report) => {
          if (!this.#heard(name, report)) return
          clearTimeout(timer)
          resolve()
        })
      }
    })
  }

  async end(): Promise<void> {
    await Promise.all([...this.#workers.values()].map(dismissed))
  }

  /** Whether that was the end. */
  #heard(name: string, report: Report): boolean {
    const { token } = report
    if (report.what === 'elected') {
      this.reigns.push({ name, token, pieces: [] })
      console.log(`${name} leads, with token ${token}`)
      return false
    }
    const reign = this.reigns.at(-1)
    if (reign?.token !== token) return false
    reign.pieces.push(report.piece)
    console.log(`  ${name} has done piece ${report.piece}`)
    if (reign.pieces.length !== PIECES) return false
    if (this.reigns.length > KILLS) return true
    console.log(`${name} is killed; its lease ends within two seconds`)
    this.#workers.get(name)!.kill('SIGKILL')
    return false
  }
}

await withCluster(async (endpoints) => {
  const story = new Story()
  try {
    await story.run(endpoints)
    judge(story.reigns)
  } finally {
    await story.end()
  }
})

function judge(reigns: readonly Reign[]): void {
  const tokensGrow = reigns.every(({ token }, i) => i === 0 || token > reigns[i - 1]!.token)
  const pieces = reigns.flatMap((reign) => reign.pieces)
  const noneTwice = new Set(pieces).size === pieces.length
  console.log(`Three leaders, tokens ${reigns.map(({ token }) => token).join(' < ')}.`)
  console.log(`${pieces.length} pieces were reported, none of them twice.`)
  if (!tokensGrow || !noneTwice || reigns.length !== KILLS + 1) {
    console.log('That is not as it should be.')
    process.exitCode = 1
  }
}
