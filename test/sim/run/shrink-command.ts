/** `--shrink`: makes the plan of a failing life small, and remembers it. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Interruption } from '../../interruption.js'
import type { Life } from '../swarm/life.js'
import { drawPlan, type Plan } from '../swarm/plan.js'
import type { Means, Subject } from './options.js'
import { lifeOf, type RememberedPlan } from './plan-file.js'
import { durationText } from './progress.js'
import { REDUCTIONS } from './reductions.js'
import { SeedProcess, type SeedProcessOptions } from './seed-process.js'
import { shrink } from './shrink.js'

/** Where remembered plans are, from the root of the repository. */
export const SEEDS_DIRECTORY = 'test/sim/seeds'

const MINUTES_DEFAULT = 10

/** What to make small. */
export interface ShrinkCommand extends Means {
  readonly subject: Subject
}

/**
 * Shrinks, and writes the smallest plan each time there is a smaller one, so that an
 * interrupt loses nothing.
 *
 * @param directory where the plan goes.
 * @returns the exit code: 0 when the life failed and is remembered, 130 or 143 after an interrupt.
 */
export async function runShrink(
  command: ShrinkCommand,
  options: SeedProcessOptions = {},
  directory = SEEDS_DIRECTORY,
): Promise<number> {
  const named = lifeOf(command.subject)
  const plan = 'plan' in named ? named.plan : drawPlan(named.seed)
  const endMs = performance.now() + (command.minutes ?? MINUTES_DEFAULT) * 60_000
  const processes = Array.from({ length: command.jobs }, () => new SeedProcess(options))
  const interruption = new Interruption(() => {
    for (const one of processes) one.kill()
  })
  const say = (text: string) => process.stdout.write(`${text}\n`)
  try {
    const first = await processes[0]!.run({ life: { plan } })
    if (first === undefined) return interruption.exitCode ?? 1
    const rule = first.life.violation?.rule
    if (rule === undefined) {
      say(`seed ${plan.seed} keeps every promise: there is nothing to shrink`)
      return 1
    }
    say(`seed ${plan.seed} breaks ${rule}; ${describe(plan, first.life)}`)
    const file = join(directory, `${fileWord(rule)}-${plan.seed}.json`)
    const idle = [...processes]
    await shrink({
      plan,
      reductions: REDUCTIONS,
      width: processes.length,
      mayGoOn: () => interruption.exitCode === undefined && performance.now() < endMs,
      async fails(candidate) {
        const one = idle.pop()
        if (one === undefined) throw new Error('more candidates at a time than processes')
        const outcome = await one.run({ life: { plan: candidate } })
        idle.push(one)
        return outcome?.life.violation?.rule === rule
      },
      onSmaller(smaller, name) {
        remember(file, { seed: plan.seed, rule, story: '', plan: smaller })
        const left = durationText(Math.max(0, endMs - performance.now()))
        say(`  ${name}: ${describe(smaller)} (${left} left)`)
      },
    }).then((smallest) => remember(file, { seed: plan.seed, rule, story: '', plan: smallest }))
    say(`remembered in ${file}; again: npm run sim -- --plan ${file} --trace`)
    return interruption.exitCode ?? 0
  } finally {
    interruption.release()
    for (const one of processes) one.kill()
  }
}

/** A plan's size in one line. */
function describe(plan: Plan, life?: Life): string {
  const kinds = Object.entries(plan.faults).filter(([, settings]) => settings !== null)
  const { clients, stepsPerSecond } = plan.work
  return [
    `${plan.members} members`,
    `${clients} clients`,
    `${stepsPerSecond} steps a second`,
    `${(plan.safetyMs / 1000).toFixed(1)} s`,
    `faults: ${kinds.map(([kind]) => kind).join(' ') || 'none'}`,
    ...(life === undefined ? [] : [`${life.operations} operations`]),
  ].join(', ')
}

/** A rule as part of a file's name. */
function fileWord(rule: string): string {
  return rule.replace(/[^A-Za-z0-9]+/g, '-')
}

function remember(file: string, remembered: RememberedPlan): void {
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, `${JSON.stringify(remembered, null, 2)}\n`)
}
