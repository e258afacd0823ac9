/**
 * `--canary`: puts a historic bug back and counts how many seeds it takes to find it.
 *
 * A seed that fails without the bug as well has found something else and does not count.
 */

import { UsageError } from '../../command-line.js'
import { Interruption } from '../../interruption.js'
import { CANARIES, canaryNamed } from '../canaries/canaries.js'
import { canaryPlan } from '../canaries/canary.js'
import type { Life } from '../swarm/life.js'
import { canaryOptions } from './canary-process.js'
import type { Means } from './options.js'
import { paintFor } from './paint.js'
import { failureText } from './report.js'
import { SeedProcess, type SeedProcessOptions, StartError } from './seed-process.js'

/** Which bugs, and how long to look. */
export interface CanaryCommand extends Means {
  /** The name of one, or `all`. */
  readonly name: string
  readonly from: number
  /** Most seeds for each; undefined: what the canary itself allows. */
  readonly seeds: number | undefined
}

/** What looking for one bug came to. */
export interface Search {
  readonly name: string
  /** The life that found it. */
  readonly found: Life | undefined
  /** Why it could not be put back. */
  readonly misfit?: string
  /** Seeds that were begun. */
  readonly seeds: number
  readonly seconds: number
}

/**
 * Looks for one bug or for each.
 *
 * @param options for processes without the bug.
 * @param withBug for processes that have it; tests name their own.
 * @returns the exit code: 0 when all were found.
 */
export async function runCanary(
  command: CanaryCommand,
  options: SeedProcessOptions = {},
  withBug: (name: string) => SeedProcessOptions = canaryOptions,
): Promise<number> {
  const stopping = new AbortController()
  const interruption = new Interruption(() => stopping.abort())
  const paint = paintFor(process.stdout)
  const searches: Search[] = []
  try {
    for (const name of namesOf(command)) {
      if (stopping.signal.aborted) break
      const sick = { ...options, ...withBug(name) }
      const search = await findCanary(name, command, sick, options, stopping.signal)
      searches.push(search)
      if (command.name !== 'all' && search.found?.violation !== undefined) {
        const failure = { ...search.found.violation, ...search.found }
        process.stdout.write(failureText(failure, paint, name))
      }
      process.stdout.write(`${searchText(search)}\n`)
    }
  } finally {
    interruption.release()
  }
  if (command.name === 'all') process.stdout.write(`\n${searchTable(searches)}`)
  if (interruption.exitCode !== undefined) return interruption.exitCode
  return searches.every(({ found }) => found !== undefined) ? 0 : 1
}

function namesOf(command: CanaryCommand): readonly string[] {
  const names = CANARIES.map(({ name }) => name)
  if (command.name === 'all') return names
  if (names.includes(command.name)) return [command.name]
  throw new UsageError(`there is no canary ${command.name}; there are ${names.join(', ')}, or all`)
}

async function findCanary(
  name: string,
  command: CanaryCommand,
  sickOptions: SeedProcessOptions,
  options: SeedProcessOptions,
  interruption: AbortSignal,
): Promise<Search> {
  const { from, jobs, minutes, seeds = canaryNamed(name).seedsMax } = command
  const startMs = performance.now()
  const endMs = startMs + (minutes ?? Infinity) * 60_000
  const lanes = Array.from({ length: Math.min(jobs, seeds) }, () => ({
    sick: new SeedProcess(sickOptions),
    healthy: new SeedProcess(options),
  }))
  const stop = () => {
    for (const { sick, healthy } of lanes) for (const one of [sick, healthy]) one.kill()
  }
  interruption.addEventListener('abort', stop)
  let found: Life | undefined
  let begun = 0
  const mayBegin = () => found === undefined && begun < seeds && performance.now() < endMs
  const search = async ({ sick, healthy }: (typeof lanes)[number]) => {
    while (mayBegin()) {
      const life = { plan: canaryPlan(canaryNamed(name), from + begun++) }
      const outcome = await sick.run({ life })
      if (outcome === undefined) return
      if (outcome.life.violation === undefined) continue
      const without = await healthy.run({ life })
      if (without === undefined || without.life.violation !== undefined) continue
      found ??= outcome.life
      stop()
    }
  }
  let misfit: string | undefined
  try {
    await Promise.all(lanes.map(search))
  } catch (error) {
    if (!(error instanceof StartError)) throw error
    misfit = error.message
  } finally {
    interruption.removeEventListener('abort', stop)
    stop()
  }
  const seconds = (performance.now() - startMs) / 1000
  return { name, found, ...(misfit === undefined ? {} : { misfit }), seeds: begun, seconds }
}

function searchText({ name, found, misfit, seeds, seconds }: Search): string {
  if (misfit !== undefined) return `${name}: DOES NOT FIT: ${misfit}`
  const after = `${seeds} seeds, ${seconds.toFixed(1)} s`
  if (found === undefined) return `${name}: NOT FOUND in ${after}`
  return `${name}: found by seed ${found.seed} (${found.violation?.rule}) after ${after}`
}

/** All searches as a Markdown table. */
export function searchTable(searches: readonly Search[]): string {
  const rows = searches.map(({ name, found, misfit, seeds, seconds }) => [
    name,
    found?.violation?.rule ?? (misfit === undefined ? 'not found' : 'does not fit'),
    found === undefined ? '' : String(found.seed),
    String(seeds),
    seconds.toFixed(1),
  ])
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`
  return (
    line(['Canary', 'Found as', 'By seed', 'Seeds', 'Seconds']) +
    line(['---', '---', '--:', '--:', '--:']) +
    rows.map(line).join('')
  )
}
