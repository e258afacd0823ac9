/**
 * The thread that one target runs in, so that a case that never ends cannot stop the run.
 *
 * It counts the cases that it begins in shared memory; a count that stands still is a hang.
 */

import { parentPort, workerData } from 'node:worker_threads'
import { fuzz, keep } from './fuzz.js'
import { targets } from './targets.js'

/** What the thread is to do. */
export interface Task {
  readonly target: string
  readonly seed: number
  readonly seconds: number
  /** One number: the cases begun. */
  readonly begun: SharedArrayBuffer
}

/** What it tells at its end. */
export interface Told {
  readonly cases: number
  /** What failed, in words, and the file that keeps the case. */
  readonly failure: { readonly message: string; readonly file: string } | undefined
}

const { target: name, seed, seconds, begun } = workerData as Task
const target = targets.find((each) => each.name === name)!
const counter = new Int32Array(begun)
const end = performance.now() + 1000 * seconds
const budget = { cases: Number.POSITIVE_INFINITY, isOver: () => performance.now() >= end }
const { cases, failure } = await fuzz(target, seed, budget, () => Atomics.add(counter, 0, 1))
const file = failure && keep(failure.target, failure.origin, failure.input)
const told: Told = {
  cases,
  failure: failure && {
    message: `${failure.origin}: ${failure.error.stack ?? failure.error.message}`,
    file: file!,
  },
}
parentPort?.postMessage(told)
await target.close?.()
