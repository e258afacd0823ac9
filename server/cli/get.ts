/** `conclave get`: reads a key or a range. */

import type { Command } from 'commander'
import type { Init } from '../../client/wire/codec.js'
import { type RangeRequest, SortOrder, SortTarget } from '../../client/wire/generated/rpc.js'
import { KV } from '../../client/wire/methods.js'
import type { Action } from './cli-context.js'
import { badArguments, CliError, ExitCode } from './cli-error.js'
import { flagValue } from './flag-values.js'
import { parseCount } from './go-values.js'
import { keyRange, type RangeFlags } from './key-range.js'

/** The flags of `get`. */
export interface GetFlags extends RangeFlags {
  readonly consistency?: string
  readonly order?: string
  readonly sortBy?: string
  readonly limit?: number
  readonly rev?: number
  readonly keysOnly?: boolean
  readonly countOnly?: boolean
  readonly printValueOnly?: boolean
  readonly minModRev?: number
  readonly maxModRev?: number
  readonly minCreateRev?: number
  readonly maxCreateRev?: number
}

/** Adds the flags of `get`, for the command and for requests in a transaction. */
export function addGetFlags(command: Command): Command {
  const number = (name: string, text: string) =>
    command.option(`--${name} <n>`, text, flagValue(name, parseCount))
  command
    .option('--prefix', 'All keys that begin with <key>')
    .option('--from-key', 'All keys from <key> on')
  number('limit', 'Print at most so many')
  number('rev', 'As of this revision')
  command
    .option('--order <order>', 'ASCEND or DESCEND')
    .option('--sort-by <what>', 'CREATE, KEY, MODIFY, VALUE or VERSION')
    .option('--consistency <l|s>', 'l: linearizable; s: what one member has', 'l')
    .option('--keys-only', 'Leave the values out')
    .option('--count-only', 'Only count (shown by -w fields and -w json)')
    .option('--print-value-only', 'Print values without their keys')
  number('min-mod-rev', 'Changed at this revision or later')
  number('max-mod-rev', 'Changed at this revision or before')
  number('min-create-rev', 'Created at this revision or later')
  number('max-create-rev', 'Created at this revision or before')
  return command
}

const ORDERS: Readonly<Record<string, SortOrder>> = {
  '': SortOrder.NONE,
  ASCEND: SortOrder.ASCEND,
  DESCEND: SortOrder.DESCEND,
}
const TARGETS: Readonly<Record<string, SortTarget>> = {
  '': SortTarget.KEY,
  CREATE: SortTarget.CREATE,
  KEY: SortTarget.KEY,
  MODIFY: SortTarget.MOD,
  VALUE: SortTarget.VALUE,
  VERSION: SortTarget.VERSION,
}

/** The request for arguments and flags. */
export function getRequest(args: readonly string[], flags: GetFlags): Init<RangeRequest> {
  if (args.length === 0)
    throw badArguments(
      'get command needs one argument as key and an optional argument as range_end',
    )
  const { keysOnly = false, countOnly = false } = flags
  if (keysOnly && countOnly)
    throw badArguments(
      '`--keys-only` and `--count-only` cannot be set at the same time, choose one',
    )
  const { consistency = 'l', order = '', sortBy = '' } = flags
  if (consistency !== 'l' && consistency !== 's')
    throw badFeature(`unknown consistency flag "${consistency}"`)
  const sortOrder = ORDERS[order.toUpperCase()]
  if (sortOrder === undefined) throw badFeature(`bad sort order ${order}`)
  const sortTarget = TARGETS[sortBy.toUpperCase()]
  if (sortTarget === undefined) throw badFeature(`bad sort target ${sortBy}`)
  return {
    ...keyRange(args, flags),
    limit: flags.limit ?? 0,
    revision: flags.rev ?? 0,
    sortOrder,
    sortTarget,
    serializable: consistency === 's',
    keysOnly,
    countOnly,
    minModRevision: flags.minModRev ?? 0,
    maxModRevision: flags.maxModRev ?? 0,
    minCreateRevision: flags.minCreateRev ?? 0,
    maxCreateRevision: flags.maxCreateRev ?? 0,
  }
}

/** Runs `get`. */
export const get: Action<GetFlags> = async (context, args, flags) => {
  const { printer } = context
  const request = getRequest(args, flags)
  if (flags.printValueOnly && context.options.writeOut !== 'simple')
    throw badArguments('print-value-only is only for `--write-out=simple`')
  const response = await context.client.rpc(KV.range, request, { intent: 'read' })
  context.print(printer.get(response, flags.printValueOnly))
  return ExitCode.SUCCESS
}

function badFeature(message: string): CliError {
  return new CliError(ExitCode.BAD_FEATURE, message)
}
