/** What a batch came to, as text for a reader. */

import { type RoomCoverage, WHAT_A_BRANCH_IS } from './coverage.js'
import type { Paint } from './paint.js'
import { type Failure, type FedTotal, faultsOf, type Totals } from './tally.js'

const HOUR_MS = 3_600_000
/** Last events that a failure shows; its trace has all of them. */
const EVENTS_SHOWN = 25
/** Seeds that are listed for a broken rule. */
const SEEDS_SHOWN = 20
/** Kinds of faults in a line of the table. */
const FAULT_COLUMNS = 3

/** A failed seed: what it broke, what happened last, and how to see it again. */
export function failureText(failure: Failure, paint: Paint, canary?: string): string {
  const { seed, rule, message, lastEvents } = failure
  return [
    `${paint.red('FAILED')} seed ${seed}: ${rule}`,
    indented(message.split('\n')),
    ...(lastEvents.length > 0 ? [indented(eventsBefore(lastEvents), 4)] : []),
    `  again: ${againCommand(failure, canary)}`,
    '',
  ].join('\n')
}

/** The last events up to the verdict; what comes after it is tidying up. */
function eventsBefore(lastEvents: readonly string[]): string[] {
  const verdict = lastEvents.findLastIndex((line) => / verdict /.test(line))
  const end = verdict < 0 ? lastEvents.length : verdict + 1
  return lastEvents.slice(Math.max(0, end - EVENTS_SHOWN), end)
}

/** The line that lives a failed seed again. */
export function againCommand({ seed, rule }: Failure, canary?: string): string {
  if (rule === 'determinism') return `npm run sim -- --from ${seed} --seeds 1`
  const putBack = canary === undefined ? '' : ` --canary ${canary}`
  return `npm run sim -- --seed ${seed}${putBack} --trace`
}

/** The rules that were broken, each with the seeds that broke it, most often first. */
export function rulesText(failures: readonly Failure[]): string {
  const seeds = new Map<string, number[]>()
  for (const { rule, seed } of failures) seeds.set(rule, [...(seeds.get(rule) ?? []), seed])
  const rows = [...seeds].sort(([, a], [, b]) => b.length - a.length)
  if (rows.length === 0) return ''
  return `rules broken\n${aligned(
    rows.map(([rule, by]) => [rule, `${by.length}: ${shown(by.sort((a, b) => a - b))}`]),
  )}`
}

function shown(seeds: readonly number[]): string {
  const some = seeds.slice(0, SEEDS_SHOWN).join(' ')
  return seeds.length > SEEDS_SHOWN ? `${some} …` : some
}

/**
 * The whole report.
 *
 * @param wallMs real time that the batch took.
 * @param isInterrupted not all was lived: nothing that failed so far is no success.
 */
export function reportText(
  totals: Totals,
  wallMs: number,
  paint: Paint,
  isInterrupted = false,
): string {
  const { passed, failed, simulatedMs, cpuMs } = totals
  const lives = passed + failed
  const good = isInterrupted ? 'interrupted' : paint.green('passed')
  const verdict = failed === 0 ? good : paint.red('FAILED')
  const perSeed = (sum: number) => `${count(sum)} (${ratio(sum, lives)} a seed)`
  const rows: [string, string][] = [
    [
      'seeds',
      `${count(passed)} passed, ${count(failed)} failed, ${count(totals.again)} lived twice`,
    ],
    [
      'simulated',
      `${(simulatedMs / HOUR_MS).toFixed(2)} h in ${(cpuMs / HOUR_MS).toFixed(3)} CPU h`,
    ],
    [
      'speed',
      `${ratio(simulatedMs, cpuMs)} simulated hours per CPU hour, ${ratio(lives, wallMs / 60_000)} seeds per minute`,
    ],
    ['operations judged', perSeed(totals.operations)],
    ['commands committed', perSeed(totals.commands)],
    ['leases expired', perSeed(totals.leasesExpired)],
    ['leader changes', perSeed(totals.leaderChanges)],
    ['membership changes', perSeed(totals.membershipChanges)],
    ['longest unavailable', unavailability(totals)],
    ['locks held by two', overlapText(totals)],
    ['largest process', `${(totals.memoryBytesMax / 2 ** 20).toFixed(0)} MiB`],
    ['faults', perSeed(faultsOf(totals))],
  ]
  return `${verdict}\n${aligned(rows)}${faultTable(totals.faults)}judges were fed with\n${aligned(totals.material.map(fedRow))}`
}

/** Percent of branches for each room, and all misses if asked for. */
export function coverageText(rooms: readonly RoomCoverage[], withMisses: boolean): string {
  const rows = rooms.map(({ room, branches, taken, assertions }): [string, string] => [
    room,
    `${percent(taken, branches)} of ${branches} branches taken; ${assertions} assertions besides`,
  ])
  const sum = (pick: (room: RoomCoverage) => number) =>
    rooms.reduce((all, room) => all + pick(room), 0)
  const taken = sum((room) => room.taken)
  const branches = sum((room) => room.branches)
  rows.push(['together', `${percent(taken, branches)} of ${branches} branches taken`])
  const misses = withMisses ? rooms.flatMap((room) => room.misses) : []
  const list = misses.length > 0 ? `not taken:\n${indented(misses)}\n` : ''
  return `branches taken\n${aligned(rows)}${indented(WHAT_A_BRANCH_IS.split('\n'))}\n${list}`
}

function unavailability({ longestUnavailableMs, longestUnavailableSeed }: Totals): string {
  if (longestUnavailableSeed === undefined) return 'never'
  return `${(longestUnavailableMs / 1000).toFixed(1)} s (seed ${longestUnavailableSeed})`
}

/** No lock can exclude it; fencing tokens are there for it. */
function overlapText({ lockOverlaps, lockOverlapMsMax }: Totals): string {
  const longest = `${(lockOverlapMsMax / 1000).toFixed(1)} s at most`
  return `${count(lockOverlaps)} times, ${longest}; not promised against without fencing`
}

function fedRow({ kind, sum, livesWithout }: FedTotal): [string, string] {
  return [kind, `${count(sum).padStart(11)}   none in ${count(livesWithout)} lives`]
}

function faultTable(faults: Totals['faults']): string {
  const cells = Object.entries(faults).map(
    ([kind, number]) => `${kind.padEnd(18)}${count(number).padStart(10)}`,
  )
  const lines: string[] = []
  for (let at = 0; at < cells.length; at += FAULT_COLUMNS)
    lines.push(cells.slice(at, at + FAULT_COLUMNS).join('    '))
  return lines.length === 0 ? '' : `${indented(lines, 4)}\n`
}

function aligned(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}\n`).join('')
}

function indented(lines: readonly string[], by = 2): string {
  return lines.map((line) => ' '.repeat(by) + line).join('\n')
}

/** A number with its thousands apart. */
export function count(value: number): string {
  return value.toLocaleString('en-US')
}

function ratio(value: number, by: number): string {
  return by > 0 ? (value / by).toFixed(1) : '0.0'
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '100.0 %' : `${((100 * part) / whole).toFixed(1)} %`
}
