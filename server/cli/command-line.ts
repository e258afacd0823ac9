/**
 * etcdctl's command lines, rewritten into what commander reads.
 *
 * Go's flags differ in three things: a switch takes a value after an equals sign
 * (`--hex=false`), so does a short flag (`-w=json`), and a command may be shortened as
 * long as it stays the only one (`endp st`). Flags stand anywhere before `--`.
 */

import type { Command, Option } from 'commander'
import { CliError, ExitCode } from './cli-error.js'
import { flagValue } from './flag-values.js'
import { parseBool } from './go-values.js'

/** A command line, understood. */
export interface CommandLine {
  /** For commander. */
  readonly args: readonly string[]
  /** What stood after `--`; undefined without one. These words are in `args`, too. */
  readonly afterDashes: readonly string[] | undefined
  /** The command that is meant; a group when no command of it is named. */
  readonly command: Command
  /** Nobody asks for help or the version. */
  readonly isBare: boolean
}

/**
 * Reads a command line.
 *
 * @throws {CliError} an unknown flag or command, a flag without its value.
 */
export function readCommandLine(root: Command, words: readonly string[]): CommandLine {
  const dashes = words.indexOf('--')
  const before = dashes < 0 ? words : words.slice(0, dashes)
  const args: string[] = []
  let command = root
  for (let i = 0; i < before.length; i++) {
    const word = before[i]!
    if (/^-./.test(word) && !/^-\d/.test(word)) {
      const flag = readFlag(command, word)
      args.push(...flag.args)
      if (flag.needsValue) {
        i++
        if (i >= before.length) throw needsArgument(word)
        args.push(before[i]!)
      }
    } else if (word === 'help' && command === root && command.commands.length > 0) {
      args.push(word)
    } else if (command.commands.length > 0) {
      command = subcommand(command, word)
      args.push(command.name())
    } else args.push(word)
  }
  const afterDashes = dashes < 0 ? undefined : words.slice(dashes + 1)
  const isBare = !args.some((word) => ['help', '--help', '--version'].includes(word))
  return {
    args: afterDashes === undefined ? args : [...args, '--', ...afterDashes],
    afterDashes,
    command,
    isBare,
  }
}

interface Flag {
  readonly args: readonly string[]
  /** The next word is its value. */
  readonly needsValue: boolean
}

function readFlag(command: Command, word: string): Flag {
  const isShort = !word.startsWith('--')
  const [, name, value] = (isShort ? /^-(.)=?(.+)?$/s : /^--([^=]*)(?:=(.*))?$/s).exec(word)!
  const option = optionsOf(command).find((one) =>
    isShort ? one.short === `-${name}` : one.long === `--${name}`,
  )
  if (option === undefined) throw unknownFlag(word)
  const long = option.long!
  if (option.required) {
    return value === undefined
      ? { args: [long], needsValue: true }
      : { args: [`${long}=${value}`], needsValue: false }
  }
  const isOn = value === undefined || flagValue(long.slice(2), parseBool)(value)
  return { args: isOn ? [long] : [], needsValue: false }
}

/** The options that hold in this command: its own, and those of the commands above it. */
function optionsOf(command: Command): readonly Option[] {
  const help = { short: '-h', long: '--help', required: false } as Option
  return [...command.options, ...(command.parent === null ? [] : optionsOf(command.parent)), help]
}

/** The command of this name, or the only one that begins so. */
function subcommand(command: Command, word: string): Command {
  const named = (match: (name: string) => boolean) =>
    command.commands.filter((one) => [one.name(), ...one.aliases()].some(match))
  const found = [named((name) => name === word), named((name) => name.startsWith(word))].find(
    (commands) => commands.length > 0,
  )
  if (found?.length === 1) return found[0]!
  const like = found?.map((one) => one.name()).join(', ')
  const hint = like === undefined ? '' : ` (did you mean one of these: ${like}?)`
  throw new CliError(
    ExitCode.ERROR,
    `unknown command "${word}" for "${pathOf(command)}"${hint}\nRun '${pathOf(command)} --help' for usage.`,
  )
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`
}

function unknownFlag(word: string): CliError {
  return new CliError(
    ExitCode.ERROR,
    word.startsWith('--')
      ? `unknown flag: ${word.split('=')[0]}`
      : `unknown shorthand flag: '${word[1]}' in ${word}`,
  )
}

function needsArgument(word: string): CliError {
  const name = word.startsWith('--') ? word : `'${word[1]}' in ${word}`
  return new CliError(ExitCode.ERROR, `flag needs an argument: ${name}`)
}
