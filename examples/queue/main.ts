/** Parcels in a queue, three processes that weigh them: one is killed, one parcel is poison, none is lost. */

import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { connect } from 'conclave'
import { Queue } from 'conclave/recipes'
import { withCluster } from '../cluster.js'
import { dismissed } from '../dismissed.js'
import type { Parcel, Report } from './worker.js'

const NAMES = ['anna', 'ben', 'cleo']
const PARCELS = 30
const HEAVY = 12
const TICKING = 5
const GIVE_UP_MS = 30_000

const program = fileURLToPath(new URL('./worker.js', import.meta.url))

/** Starts the workers, kills the one with the heavy parcel, and counts what was weighed. */
class Story {
  /** By parcel: how often it was acked. */
  readonly acks = new Map<number, number>()
  readonly #workers = new Map<string, ChildProcess>()
  #dead = 0

  /** Resolves when every parcel is weighed or dead. */
  run(endpoints: readonly string[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('not all were weighed')), GIVE_UP_MS)
      for (const name of NAMES) {
        const worker = fork(program, [name, endpoints.join(',')])
        this.#workers.set(name, worker)
        worker.on('message', (report: Report) => {
          this.#heard(name, report)
          if (this.acks.size + this.#dead < PARCELS) return
          clearTimeout(timer)
          resolve()
        })
      }
    })
  }

  async end(): Promise<void> {
    await Promise.all([...this.#workers.values()].map(dismissed))
  }

  #heard(name: string, { what, parcel: { number, kind }, attempt }: Report): void {
    const about = `the ${kind} parcel ${number}, attempt ${attempt}`
    if (what === 'acked') this.acks.set(number, (this.acks.get(number) ?? 0) + 1)
    if (what === 'dead') this.#dead++
    if (kind !== 'plain') console.log(`${name}: ${what} ${about}`)
    if (what !== 'begun' || kind !== 'heavy' || attempt > 1) return
    console.log(`${name} is killed in the middle of it; its lease ends within two seconds`)
    this.#workers.get(name)!.kill('SIGKILL')
  }
}

await withCluster(async (endpoints) => {
  const client = connect({ endpoints })
  const parcels = new Queue<Parcel>(client, 'example/parcels')
  const story = new Story()
  try {
    const all = Array.from({ length: PARCELS }, (_, number) => ({ value: parcel(number) }))
    await parcels.enqueueMany(all)
    console.log(`${await parcels.length()} parcels are in the queue`)
    await story.run(endpoints)
    const once = [...story.acks.values()].every((acks) => acks === 1)
    const dead = await parcels.dead.list()
    console.log(`${story.acks.size} parcels were weighed, each ${once ? 'once' : 'NOT once'}.`)
    for (const { value, attempts, error } of dead)
      console.log(`Dead after ${attempts} attempts: parcel ${value?.number}, for ${error}`)
    if (!once || dead.length !== 1 || dead[0]?.value?.number !== TICKING) process.exitCode = 1
    for (const { id } of dead) await parcels.dead.purge(id)
  } finally {
    await story.end()
    client.close()
  }
})

function parcel(number: number): Parcel {
  return { number, kind: number === HEAVY ? 'heavy' : number === TICKING ? 'ticking' : 'plain' }
}
