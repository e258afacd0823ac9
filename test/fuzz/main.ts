/**
 * The command: `npm run fuzz -- --seconds N [--target T] [--seed S] [--case FILE]`.
 *
 * The time is shared out among the targets. A case that fails is kept in the corpus and
 * the command that runs it again is printed; the exit code is 1, and 2 when the
 * command line cannot be carried out. Every target runs in a
 * thread of its own: an error that nobody caught, and a case that does not end, are
 * failures like others.
 */

import { Worker } from 'node:worker_threads'
import { command, positiveNumber, UsageError, type Values, wholeNumber } from '../command-line.js'
import { SeededRandom } from '../model/random.js'
import { corpusOf, keep, readCase } from './fuzz.js'
import type { Task, Told } from './fuzz-worker.js'
import type { Json, Target } from './target.js'
import { targets } from './targets.js'

/** A case that takes longer does not end. */
const CASE_MS_MAX = 30_000
const LOOK_MS = 1000

const NAMES = targets.map(({ name }) => name).join(', ')

const USAGE = `npm run fuzz -- [options]

  --seconds N  how long, for all targets together (60)
  --target T   only this one of ${NAMES}
  --seed S     where the draws begin; by default elsewhere each time
  --case FILE  runs one kept case instead
`

const FLAGS = {
  seconds: { type: 'string', default: '60' },
  target: { type: 'string' },
  seed: { type: 'string' },
  case: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

process.exitCode = await command(USAGE, FLAGS, main)

async function main(values: Values<typeof FLAGS>): Promise<number> {
  const chosen = targets.filter(({ name }) => name === (values.target ?? name))
  if (chosen.length === 0)
    throw new UsageError(`--target must be one of ${NAMES}, not "${values.target}"`)
  const seconds = positiveNumber('seconds', values.seconds)
  const seed = wholeNumber('seed', values.seed, Date.now() % 1_000_000_000)
  if (values.case !== undefined) return runOne(chosen, values.case)
  let failures = 0
  for (const target of chosen)
    if (!(await runTarget(target, seed, seconds / chosen.length))) failures++
  return failures === 0 ? 0 : 1
}

/** Runs one kept case in this thread, for a debugger. */
async function runOne(chosen: readonly Target[], file: string): Promise<number> {
  const target = chosen.find(({ name }) => file.includes(`/${name}/`)) ?? chosen[0]!
  const input = caseIn(file)
  try {
    await target.run(input)
    console.log(`${target.name}: ${file} holds`)
    return 0
  } catch (error) {
    console.error(error)
    return 1
  } finally {
    await target.close?.()
  }
}

/** @throws UsageError when the file holds no case. */
function caseIn(file: string): Json {
  try {
    return readCase(file)
  } catch (error) {
    throw new UsageError(`--case: there is no case in ${file}: ${(error as Error).message}`)
  }
}

async function runTarget(target: Target, seed: number, seconds: number): Promise<boolean> {
  const begun = new SharedArrayBuffer(4)
  const task: Task = { target: target.name, seed, seconds, begun }
  const startedMs = performance.now()
  const told = await inThread(target, task)
  const took = ((performance.now() - startedMs) / 1000).toFixed(1)
  console.log(`${target.name}: ${told.cases} cases in ${took} s from seed ${seed}`)
  if (told.failure === undefined) return true
  const { message, file } = told.failure
  console.log(`${target.name} FAILED\n${message}`)
  console.log(`npm run fuzz -- --target ${target.name} --case ${file}`)
  return false
}

function inThread(target: Target, task: Task): Promise<Told> {
  const counter = new Int32Array(task.begun)
  const worker = new Worker(new URL('./fuzz-worker.js', import.meta.url), { workerData: task })
  return new Promise((resolve) => {
    let lastMs = performance.now()
    let last = 0
    let told: Told | undefined
    const failed = (why: string) => {
      told ??= { cases: last, failure: { message: why, file: keepUnderWay(target, task) } }
      void worker.terminate()
    }
    const watch = setInterval(() => {
      const now = Atomics.load(counter, 0)
      if (now !== last) lastMs = performance.now()
      else if (performance.now() - lastMs > CASE_MS_MAX) failed('a case does not end')
      last = now
    }, LOOK_MS)
    worker.on('message', (message: Told) => {
      told = message
    })
    worker.on('error', (error) => failed(`nobody caught ${error.stack ?? error}`))
    worker.on('exit', () => {
      clearInterval(watch)
      resolve(told ?? { cases: last, failure: { message: 'the thread ended', file: '' } })
    })
  })
}

/** Keeps the case that the thread was at. */
function keepUnderWay(target: Target, { seed, begun }: Task): string {
  const corpus = corpusOf(target.name)
  const at = Atomics.load(new Int32Array(begun), 0) - 1
  const known = corpus[at]
  if (known !== undefined) return known.file
  const drawn = seed + at - corpus.length
  const inputs: Json[] = corpus.map(({ input }) => input)
  return keep(target.name, `seed ${drawn}`, target.draw(new SeededRandom(drawn), inputs))
}
