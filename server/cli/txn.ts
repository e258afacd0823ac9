/**
 * `conclave txn`: one transaction from standard input.
 *
 * Three blocks of lines, each ended by an empty line: comparisons, the requests when all
 * of them hold, the requests otherwise. A request is `get`, `put` or `del` as on the
 * command line.
 */

import { Command } from 'commander'
import type { Init } from '../../client/wire/codec.js'
import type { RequestOp } from '../../client/wire/generated/rpc.js'
import { KV } from '../../client/wire/methods.js'
import type { Action } from './cli-context.js'
import { badArguments, CliError, ExitCode } from './cli-error.js'
import { readCommandLine } from './command-line.js'
import { addDelFlags, delRequest } from './del.js'
import { addGetFlags, getRequest } from './get.js'
import { LineReader } from './line-reader.js'
import { addPutFlags, putRequest } from './put.js'
import { parseCompare } from './txn-compare.js'
import { wordsOf } from './words.js'

/** Runs `txn`. */
export const txn: Action<{ readonly interactive?: boolean }> = async (context, args, flags) => {
  if (args.length > 0) throw badArguments('txn command does not accept argument')
  const { printer } = context
  const lines = new LineReader(context.terminal.stdin)
  const block = async (title: string) => {
    if (flags.interactive) context.print([title])
    return readBlock(lines)
  }
  try {
    const compare = (await block('compares:')).map(parseCompare)
    const success = await requests(await block('success requests (get, put, del):'))
    const failure = await requests(await block('failure requests (get, put, del):'))
    context.print(printer.txn(await context.client.rpc(KV.txn, { compare, success, failure })))
    return ExitCode.SUCCESS
  } finally {
    lines.close()
  }
}

async function readBlock(lines: LineReader): Promise<string[]> {
  const block: string[] = []
  for (;;) {
    const line = await lines.next()
    if (line === undefined) throw new CliError(ExitCode.INVALID_INPUT, 'EOF')
    if (line.trim() === '') return block
    block.push(line.trim())
  }
}

async function requests(lines: readonly string[]): Promise<Init<RequestOp>[]> {
  const all = []
  for (const line of lines) all.push(await parseRequest(line))
  return all
}

/** One request. @throws {CliError} it is none. */
export async function parseRequest(line: string): Promise<Init<RequestOp>> {
  const words = wordsOf(line)
  const invalid = new CliError(ExitCode.INVALID_INPUT, `invalid txn request: ${line}`)
  const [name, ...rest] = words
  const commands: Readonly<Record<string, (command: Command) => Command>> = {
    ...{ get: addGetFlags, put: addPutFlags, del: addDelFlags },
  }
  const addFlags = commands[name ?? '']
  if (addFlags === undefined) throw invalid
  const command = addFlags(new Command(name)).argument('[words...]').exitOverride()
  try {
    command.parse(readCommandLine(command, rest).args, { from: 'user' })
  } catch {
    throw invalid
  }
  const { args } = command
  if (name === 'get') return { requestRange: getRequest(args, command.opts()) }
  if (name === 'del') return { requestDeleteRange: delRequest(args, command.opts()) }
  return { requestPut: await putRequest(args, command.opts(), async () => Buffer.alloc(0)) }
}
