/**
 * The command line of `npm run sim`, read into one of a few things to do.
 *
 * Which of them is meant follows from the flags: `--shrink`, `--canary`, `--print-plan`,
 * then `--seed` or `--plan` for a single life, and a batch of seeds otherwise.
 */

import { availableParallelism } from 'node:os'
import {
  type Values as FlagValues,
  parseFlags,
  positiveNumber,
  UsageError,
  wholeNumber,
} from '../../command-line.js'

/** One life: what a seed draws, or a plan in a file. */
export type Subject = { readonly seed: number } | { readonly file: string }

/** What every command may say about how it is carried out. */
export interface Means {
  /** Processes at a time. Default: the cores of the machine. */
  readonly jobs: number
  /** No new seed is begun after so many minutes; undefined: no such limit. */
  readonly minutes: number | undefined
}

/** Many seeds: `from`, `from + 1`, and so on. */
export interface BatchCommand extends Means {
  readonly kind: 'batch'
  readonly from: number
  readonly seeds: number
  /** Measures which branches of the server's rooms are taken. */
  readonly coverage: boolean
  /** Prints the branches that nothing took. */
  readonly misses: boolean
  /** Where the report goes as JSON. */
  readonly json: string | undefined
}

/** One seed or stored plan. */
export interface OneCommand {
  readonly kind: 'one'
  readonly subject: Subject
  /** Prints the event log as it is written. */
  readonly trace: boolean
  /** The historic bug that is put back for it. */
  readonly canary: string | undefined
}

/** What to do. */
export type Command =
  | BatchCommand
  | OneCommand
  | { readonly kind: 'print-plan'; readonly subject: Subject }
  | (Means & { readonly kind: 'shrink'; readonly subject: Subject })
  | (Means & {
      readonly kind: 'canary'
      /** Its name, or `all`. */
      readonly name: string
      readonly from: number
      /** Undefined: as many as the canary may take. */
      readonly seeds: number | undefined
    })
  | { readonly kind: 'help' }

/** What `--help` prints. */
export const USAGE = `npm run sim -- [options]

  --seeds N --from S     runs the seeds S, S + 1, … (100 from 1), every tenth of them twice
    --jobs J             processes at a time (${availableParallelism()})
    --minutes M          begins no new seed after M minutes
    --json FILE          writes the report as JSON too
    --coverage           measures which branches of the server were taken
    --coverage-misses    and prints those that were not

  --seed S [--trace]     runs one seed; --trace prints its event log
  --plan FILE [--trace]  runs a stored plan
    --canary NAME        with this historic bug put back
    --print-plan         prints the plan instead

  --shrink SEED|FILE     makes the plan of a failing seed as small as it can in --minutes (10)
                         and stores it in test/sim/seeds/

  --canary NAME|all      puts a historic bug back and runs seeds until one finds it, for at most
                         --seeds (what the canary allows) and --minutes for each
`

const FLAGS = {
  seeds: { type: 'string' },
  from: { type: 'string' },
  jobs: { type: 'string' },
  minutes: { type: 'string' },
  json: { type: 'string' },
  coverage: { type: 'boolean', default: false },
  'coverage-misses': { type: 'boolean', default: false },
  seed: { type: 'string' },
  trace: { type: 'boolean', default: false },
  plan: { type: 'string' },
  'print-plan': { type: 'boolean', default: false },
  shrink: { type: 'string' },
  canary: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** Which flags go with which command; one that does not is a mistake worth a sentence. */
const GOES_WITH: Readonly<Record<Command['kind'], readonly string[]>> = {
  help: Object.keys(FLAGS),
  batch: ['seeds', 'from', 'jobs', 'minutes', 'json', 'coverage', 'coverage-misses'],
  one: ['seed', 'plan', 'trace', 'canary'],
  'print-plan': ['print-plan', 'seed', 'plan'],
  shrink: ['shrink', 'jobs', 'minutes'],
  canary: ['canary', 'seeds', 'from', 'jobs', 'minutes'],
}

const SEEDS_DEFAULT = 100

/**
 * Reads the arguments that follow the program's name.
 *
 * @throws UsageError when a flag is unknown, has no use for this command, or has no good value.
 */
export function readOptions(argv: readonly string[]): Command {
  const values = parseFlags(argv, FLAGS)
  const kind = kindOf(values)
  for (const flag of Object.keys(FLAGS))
    if (isGiven(values, flag) && !GOES_WITH[kind].includes(flag))
      throw new UsageError(`--${flag} has no effect here; run --help to see what it belongs to`)
  const means: Means = {
    jobs: wholeNumber('jobs', values.jobs, availableParallelism(), 1),
    minutes: values.minutes === undefined ? undefined : positiveNumber('minutes', values.minutes),
  }
  const from = wholeNumber('from', values.from, 1)
  switch (kind) {
    case 'help':
      return { kind }
    case 'one':
      return { kind, subject: subjectOf(values), trace: values.trace, canary: values.canary }
    case 'print-plan':
      return { kind, subject: subjectOf(values) }
    case 'shrink':
      return { kind, subject: seedOrFile(values.shrink!), ...means }
    case 'canary': {
      const seeds =
        values.seeds === undefined
          ? undefined
          : wholeNumber('seeds', values.seeds, SEEDS_DEFAULT, 1)
      return { kind, name: values.canary!, seeds, from, ...means }
    }
    case 'batch':
      return {
        kind,
        from,
        seeds: wholeNumber('seeds', values.seeds, SEEDS_DEFAULT, 1),
        coverage: values.coverage || values['coverage-misses'],
        misses: values['coverage-misses'],
        json: values.json,
        ...means,
      }
  }
}

type Values = FlagValues<typeof FLAGS>

function isGiven(values: Values, flag: string): boolean {
  const value = values[flag as keyof Values]
  return value !== undefined && value !== false
}

function kindOf(values: Values): Command['kind'] {
  const single = values.seed !== undefined || values.plan !== undefined
  if (values.help) return 'help'
  if (values.shrink !== undefined) return 'shrink'
  if (values['print-plan']) return 'print-plan'
  if (values.trace && !single)
    throw new UsageError('--trace prints one life: name it with --seed S or --plan FILE')
  if (single) return 'one'
  return values.canary === undefined ? 'batch' : 'canary'
}

function subjectOf({ seed, plan }: Values): Subject {
  if (seed !== undefined && plan !== undefined)
    throw new UsageError('--seed and --plan both name a life: give one of them')
  if (seed !== undefined) return { seed: wholeNumber('seed', seed, 0) }
  if (plan !== undefined) return { file: plan }
  throw new UsageError('--print-plan needs --seed S or --plan FILE')
}

function seedOrFile(text: string): Subject {
  return /^\d+$/.test(text) ? { seed: wholeNumber('shrink', text, 0) } : { file: text }
}
