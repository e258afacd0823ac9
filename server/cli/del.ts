/** `conclave del`: deletes a key or a range. */

import type { Command } from 'commander'
import type { Init } from '../../client/wire/codec.js'
import type { DeleteRangeRequest } from '../../client/wire/generated/rpc.js'
import { KV } from '../../client/wire/methods.js'
import type { Action } from './cli-context.js'
import { badArguments, ExitCode } from './cli-error.js'
import { keyRange, type RangeFlags } from './key-range.js'

/** The flags of `del`. */
export interface DelFlags extends RangeFlags {
  readonly prevKv?: boolean
  readonly range?: boolean
}

/** Adds the flags of `del`, for the command and for requests in a transaction. */
export function addDelFlags(command: Command): Command {
  return command
    .option('--prefix', 'All keys that begin with <key>')
    .option('--from-key', 'All keys from <key> on')
    .option('--range', 'Refuse to delete a single key: a range_end must be given')
    .option('--prev-kv', 'Print what was deleted')
}

/** The request for arguments and flags. */
export function delRequest(args: readonly string[], flags: DelFlags): Init<DeleteRangeRequest> {
  if (args.length === 0 || args.length > 2)
    throw badArguments(
      'del command needs one argument as key and an optional argument as range_end',
    )
  if (flags.range && args.length < 2)
    throw badArguments('del command with `--range` needs a key and a range_end')
  return { ...keyRange(args, flags), prevKv: flags.prevKv ?? false }
}

/** Runs `del`. */
export const del: Action<DelFlags> = async (context, args, flags) => {
  const { printer } = context
  const request = delRequest(args, flags)
  context.print(printer.del(await context.client.rpc(KV.deleteRange, request)))
  return ExitCode.SUCCESS
}
