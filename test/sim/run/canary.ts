/**
 * `--canary`: puts a historic bug back and counts how many seeds it takes to find it.
 *
 * A seed that fails without the bug as well has found something else and does not count.
 */

import { CANARIES } from '../canaries/canaries.js'
import type { Life } from '../swarm/life.js'
import { canaryOptions } from './canary-process.js'
import { type Means, UsageError } from './options.js'
import { paintFor } from './paint.js'
import { failureText } from './report.js'
import { SeedProcess, type SeedProcessOptions } from './seed-process.js'

/** Which bugs, and how long to look. */
export interface CanaryCommand extends Means {
  /** The name of one, or `all`. */
  readonly name: string
  readonly from: number
  readonly seeds: number
}

/** What looking for one bug came to. */
interface Search {
  readonly name: string
  /** The life that found it. */
  readonly found: Life | undefined
  readonly seeds: number
  readonly seconds: number
}

/** Looks for one bug or for each. @returns the exit code: 0 when all were found. */
export async function runCanary(
  command: CanaryCommand,
  options: SeedProcessOptions = {},
): Promise<number> {
  const names = CANARIES.map(({ name }) => name)
  if (command.name !== 'all' && !names.includes(command.name))
    throw new UsageError(
      `there is no canary ${command.name}; there are ${names.join(', ')}, or all`,
    )
  const paint = paintFor(process.stdout)
  const searches: Search[] = []
  for (const name of command.name === 'all' ? names : [command.name]) {
    const search = await findCanary(name, command, options)
    searches.push(search)
    if (command.name !== 'all' && search.found?.violation !== undefined) {
      const failure = { ...search.found.violation, ...search.found }
      process.stdout.write(failureText(failure, paint, name))
    }
    process.stdout.write(`${searchText(search)}\n`)
  }
  if (command.name === 'all') process.stdout.write(`\n${searchTable(searches)}`)
  return searches.every(({ found }) => found !== undefined) ? 0 : 1
}

async function findCanary(
  name: string,
  { from, seeds, jobs, minutes }: CanaryCommand,
  options: SeedProcessOptions,
): Promise<Search> {
  const startMs = performance.now()
  const endMs = startMs + (minutes ?? Infinity) * 60_000
  const lanes = Array.from({ length: Math.min(jobs, seeds) }, () => ({
    sick: new SeedProcess({ ...options, ...canaryOptions(name) }),
    healthy: new SeedProcess(options),
  }))
  const stop = () => {
    for (const { sick, healthy } of lanes) for (const one of [sick, healthy]) one.kill()
  }
  process.once('SIGINT', stop)
  let found: Life | undefined
  let begun = 0
  const mayBegin = () => found === undefined && begun < seeds && performance.now() < endMs
  const search = async ({ sick, healthy }: (typeof lanes)[number]) => {
    while (mayBegin()) {
      const life = { seed: from + begun++ }
      const outcome = await sick.run({ life })
      if (outcome === undefined) return
      if (outcome.life.violation === undefined) continue
      const without = await healthy.run({ life })
      if (without === undefined || without.life.violation !== undefined) continue
      found ??= outcome.life
      stop()
    }
  }
  try {
    await Promise.all(lanes.map(search))
  } finally {
    process.off('SIGINT', stop)
    stop()
  }
  return { name, found, seeds: begun, seconds: (performance.now() - startMs) / 1000 }
}

function searchText({ name, found, seeds, seconds }: Search): string {
  const after = `${seeds} seeds, ${seconds.toFixed(1)} s`
  if (found === undefined) return `${name}: NOT FOUND in ${after}`
  return `${name}: found by seed ${found.seed} (${found.violation?.rule}) after ${after}`
}

/** All searches as a Markdown table. */
export function searchTable(searches: readonly Search[]): string {
  const rows = searches.map(({ name, found, seeds, seconds }) => [
    name,
    found === undefined ? 'not found' : `${found.violation?.rule}`,
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
