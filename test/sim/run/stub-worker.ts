/**
 * A process for the tests of the command: its lives are over at once, and some of its seeds
 * end in the ways that the command must bear. See {@link STUB_SEEDS}.
 */

import type { Life, LiveOptions } from '../swarm/life.js'
import { drawPlan, type Plan } from '../swarm/plan.js'
import { lostLife } from './job.js'
import { serve } from './serve.js'
import { STUB_BUG_SEED, STUB_SEEDS } from './stub-seeds.js'

/** Lives that this process had; two processes differ in it. */
let lives = 0

await serve(async () => ({ drawPlan, live, banGlobals: () => {} }))

async function live({ seed }: Plan, options: LiveOptions = {}): Promise<Life> {
  lives++
  if (seed === STUB_SEEDS.dies) process.exit(3)
  if (seed === STUB_SEEDS.hangs) for (;;) lives++
  if (seed === STUB_SEEDS.eats) eat()
  if (seed === STUB_SEEDS.throws) throw new Error('the world broke')
  const word = seed === STUB_SEEDS.differs ? `${process.pid} ${lives}` : `seed ${seed}`
  const lines = ['0 world begins', `1 m1 ${word}`, '2 world ends']
  for (const line of lines) options.onLine?.(line)
  const violation = { rule: 'stale-read', message: 'a read was stale' }
  const { violation: _, ...rest } = lostLife(seed, '', '')
  return {
    ...rest,
    ...(seed === STUB_SEEDS.breaks || hasBugFor(seed) ? { violation } : {}),
    lastEvents: lines,
    logHash: seed === STUB_SEEDS.differs ? process.pid * 1000 + lives : seed,
    logLines: lines.length,
    simulatedMs: 60_000,
    operations: 10,
    faults: { kill: 2, partition: seed },
  }
}

/** Whether this process has a bug put back that this seed finds. */
function hasBugFor(seed: number): boolean {
  return String(seed) === process.env[STUB_BUG_SEED]
}

/** Fills the heap until the process ends of it. */
function eat(): never {
  for (const eaten: number[][] = []; ; ) eaten.push(new Array<number>(100_000).fill(lives))
}
