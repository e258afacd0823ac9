/** What the command lines of the programs in here share: flags, numbers, and mistakes in them. */

import { type ParseArgsConfig, parseArgs } from 'node:util'

/** The command line cannot be carried out; the message says what to write instead. */
export class UsageError extends Error {}

/** The flags of a program and what each takes, as `parseArgs` wants them. */
export type Flags = NonNullable<ParseArgsConfig['options']>

/** What was given, by flag. */
export type Values<F extends Flags> = ReturnType<
  typeof parseArgs<{ args: string[]; options: F; allowPositionals: false }>
>['values']

/** Reads flags; there is nothing but flags. @throws UsageError one is unknown or lacks its value. */
export function parseFlags<const F extends Flags>(argv: readonly string[], flags: F): Values<F> {
  try {
    return parseArgs({ args: [...argv], options: flags, allowPositionals: false }).values
  } catch (error) {
    const [sentence] = (error as Error).message.split('\n')
    throw new UsageError(`${sentence}; run --help for the list`)
  }
}

/** A whole number of at least `least`. @throws UsageError */
export function wholeNumber(
  flag: string,
  text: string | undefined,
  otherwise: number,
  least = 0,
): number {
  if (text === undefined) return otherwise
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(value) && value >= least) return value
  throw new UsageError(`--${flag} must be a whole number of at least ${least}, not "${text}"`)
}

/** Whole numbers above 0, with commas between them. @throws UsageError */
export function wholeNumbers(flag: string, text: string): number[] {
  return text.split(',').map((one) => wholeNumber(flag, one, 0, 1))
}

/** Some of these names, with commas between them; all when absent. @throws UsageError */
export function someOf<Name extends string>(
  flag: string,
  text: string | undefined,
  names: readonly Name[],
): Name[] {
  if (text === undefined) return [...names]
  return text.split(',').map((one) => {
    const name = names.find((each) => each === one)
    if (name === undefined)
      throw new UsageError(`--${flag}: "${one}" is none of ${names.join(', ')}`)
    return name
  })
}

/** A number above 0. @throws UsageError */
export function positiveNumber(flag: string, text: string): number {
  const value = Number(text)
  if (text !== '' && Number.isFinite(value) && value > 0) return value
  throw new UsageError(`--${flag} must be a number above 0, such as 0.5 or 10, not "${text}"`)
}

/**
 * Carries out the command of this process: reads its flags, or says what they are for `--help`.
 *
 * @returns the exit code.
 */
export function command<const F extends Flags>(
  usage: string,
  flags: F,
  carryOut: (values: Values<F>) => number | Promise<number>,
): Promise<number> {
  return orUsage(() => {
    const values = parseFlags(process.argv.slice(2), flags)
    if ('help' in values && values.help === true) {
      process.stdout.write(usage)
      return 0
    }
    return carryOut(values)
  })
}

/** Carries out a command; a mistake in its line is one sentence on stderr. @returns the exit code, 2 for a mistake. */
export async function orUsage(carryOut: () => number | Promise<number>): Promise<number> {
  try {
    return await carryOut()
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`${error.message}\n`)
    return 2
  }
}
