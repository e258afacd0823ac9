/** `conclave put`: writes a key; the value is an argument or standard input. */

import type { Command } from 'commander'
import type { Init } from '../../client/wire/codec.js'
import type { PutRequest } from '../../client/wire/generated/rpc.js'
import { KV } from '../../client/wire/methods.js'
import type { Action } from './cli-context.js'
import { badArguments, type CliError, ExitCode } from './cli-error.js'
import { GoSyntaxError, parseInt64 } from './go-values.js'

/** The flags of `put`. */
export interface PutFlags {
  readonly lease?: string
  readonly prevKv?: boolean
  readonly ignoreValue?: boolean
  readonly ignoreLease?: boolean
}

/** Adds the flags of `put`, for the command and for requests in a transaction. */
export function addPutFlags(command: Command): Command {
  return command
    .option('--lease <id>', 'Lease (hexadecimal) that the key lives with', '0')
    .option('--prev-kv', 'Print the key and value that were there before')
    .option('--ignore-value', 'Keep the value')
    .option('--ignore-lease', 'Keep the lease')
}

/** The request for arguments and flags; `stdin` is asked when the value is no argument. */
export async function putRequest(
  args: readonly string[],
  flags: PutFlags,
  stdin: () => Promise<Uint8Array>,
): Promise<Init<PutRequest>> {
  const [key, value] = args
  if (key === undefined) throw needsArguments()
  if (flags.ignoreValue && value !== undefined)
    throw badArguments("put command needs only 1 argument when 'ignore-value' is set")
  return {
    key: Buffer.from(key),
    value: flags.ignoreValue ? Buffer.alloc(0) : await readValue(value, stdin),
    lease: leaseOf(flags.lease ?? '0'),
    prevKv: flags.prevKv ?? false,
    ignoreValue: flags.ignoreValue ?? false,
    ignoreLease: flags.ignoreLease ?? false,
  }
}

/** Runs `put`. */
export const put: Action<PutFlags> = async (context, args, flags) => {
  const { printer } = context
  const request = await putRequest(args, flags, () => context.input())
  context.print(printer.put(await context.client.rpc(KV.put, request)))
  return ExitCode.SUCCESS
}

async function readValue(value: string | undefined, stdin: () => Promise<Uint8Array>) {
  if (value !== undefined) return Buffer.from(value)
  const read = await stdin()
  if (read.length === 0) throw needsArguments()
  return read
}

function leaseOf(text: string): bigint {
  try {
    return parseInt64(text, 16)
  } catch (error) {
    if (!(error instanceof GoSyntaxError)) throw error
    throw badArguments(`bad lease ID (${error.message}), expecting ID in Hex`)
  }
}

function needsArguments(): CliError {
  return badArguments('put command needs 1 argument and input from stdin or 2 arguments')
}
