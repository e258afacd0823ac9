/**
 * `conclave watch`: prints every change of a key or a range until it is interrupted.
 *
 * It goes on by itself when connections break. Words after `--` are a command, run for
 * each change. With `-i` it reads `watch …` and `progress` from standard input.
 */

import { Command } from 'commander'
import { ConclaveError, type Watcher } from '../../client/index.js'
import type { ResponseHeader } from '../../client/wire/generated/rpc.js'
import { Cluster } from '../../client/wire/methods.js'
import { runChild } from './child.js'
import type { Action, CliContext } from './cli-context.js'
import { badArguments, CliError, ExitCode, textOf } from './cli-error.js'
import { readCommandLine } from './command-line.js'
import { flagValue } from './flag-values.js'
import { parseCount, quote } from './go-values.js'
import { LineReader } from './line-reader.js'
import type { WatchAnswer } from './output.js'
import { type WatchFlags, type WatchWords, watchRange, watchWords } from './watch-words.js'
import { wordsOf } from './words.js'

/** Adds the flags of `watch`, for the command and for its interactive lines. */
export function addWatchFlags(command: Command): Command {
  return command
    .option('-i, --interactive', 'Read what to watch from standard input')
    .option('--prefix', 'All keys that begin with <key>')
    .option('--prev-kv', 'Print the key and value that were there before, too')
    .option('--rev <n>', 'Begin at this revision', flagValue('rev', parseCount))
    .option('--progress-notify', 'Tell now and then how far the watch is')
}

/** Runs `watch`. */
export const watch: Action<WatchFlags> = async (context, args, flags) => {
  void context.printer
  if (flags.interactive) return interactive(context)
  const words = watchWords(args, context.afterDashes, context.terminal.env)
  return follow(context, words, flags, () => {})
}

/** Prints what one watch sees. Ends only by throwing. */
async function follow(
  context: CliContext,
  words: WatchWords,
  flags: WatchFlags,
  onOpen: (watcher: Watcher) => void,
): Promise<never> {
  const { printer } = context
  const range = watchRange(words, flags.prefix)
  if (range === undefined) throw canceled(context, 'mvcc: watcher range is empty')
  const { rev = 0, prevKv = false, progressNotify = false } = flags
  const watcher = context.client.watch(range, {
    ...(rev > 0 && { startRevision: rev }),
    prevKv,
    progressNotify,
  })
  onOpen(watcher)
  try {
    for await (const { events, revision } of watcher.batches()) {
      const answer: WatchAnswer = {
        header: await headerAt(context, revision),
        events: events.map(({ type, kv, prev }) => ({ type, kv, prevKv: prev ?? undefined })),
      }
      if (events.length === 0) context.print([`progress notify: ${revision}`])
      context.print(printer.watch(answer))
      if (words.command.length > 0) await runForEach(words.command, answer, revision)
    }
  } catch (error) {
    if (!(error instanceof ConclaveError)) throw error
    throw canceled(context, watchText(error))
  }
  throw new CliError(ExitCode.INTERRUPTED, 'watch is canceled by the server')
}

async function runForEach(command: readonly string[], { events }: WatchAnswer, revision: number) {
  for (const { type, kv } of events) {
    const code = await runChild(command, {
      ETCD_WATCH_REVISION: `${revision}`,
      ETCD_WATCH_EVENT_TYPE: quote(type.toUpperCase()),
      ETCD_WATCH_KEY: quote(kv.key),
      ETCD_WATCH_VALUE: quote(kv.value),
    })
    if (code !== 0)
      throw new CliError(
        ExitCode.ERROR,
        `command "${command.join(' ')}" error (exit status ${code})`,
      )
  }
}

/** Reads lines until the input ends or a watch fails. */
async function interactive(context: CliContext): Promise<never> {
  const lines = new LineReader(context.terminal.stdin)
  const watchers: Watcher[] = []
  let fail: (error: unknown) => void = () => {}
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject
  })
  failed.catch(() => {})
  try {
    for (;;) {
      const line = await Promise.race([lines.next(), failed])
      if (line === undefined)
        throw new CliError(ExitCode.INVALID_INPUT, 'Error reading watch request line: EOF')
      const [name, ...words] = wordsOf(line)
      if (name === 'progress') watchers[0]?.requestProgress()
      else if (name === undefined)
        context.printError([`Invalid command: ${line} (watch and progress supported)`])
      else if (name !== 'watch')
        context.printError([`Invalid command ${line} (only support watch)`])
      else if (words.length === 0 && (context.terminal.env['ETCDCTL_WATCH_KEY'] ?? '') === '')
        context.printError([`Invalid command ${line} (command type or key is not provided)`])
      else startLine(context, words, (watcher) => watchers.push(watcher)).catch(fail)
    }
  } finally {
    lines.close()
  }
}

async function startLine(
  context: CliContext,
  words: readonly string[],
  onOpen: (watcher: Watcher) => void,
): Promise<never> {
  const command = addWatchFlags(new Command('watch')).argument('[words...]').exitOverride()
  let line: ReturnType<typeof readCommandLine>
  try {
    line = readCommandLine(command, words)
    command.parse(line.args, { from: 'user' })
  } catch (error) {
    throw badArguments((error as Error).message)
  }
  const parsed = watchWords(command.args, line.afterDashes, context.terminal.env)
  return follow(context, parsed, command.opts(), onOpen)
}

/**
 * A header for formats that show one. The client's watches outlive the member that
 * serves them and tell the revision only; the rest is that of the member asked now.
 */
async function headerAt(
  context: CliContext,
  revision: number,
): Promise<ResponseHeader | undefined> {
  if (context.options.writeOut === 'simple') return undefined
  const request = { linearizable: false }
  const { header } = await context.client.rpc(Cluster.memberList, request, { intent: 'read' })
  return header && { ...header, revision }
}

function watchText(error: ConclaveError): string {
  if (error.code === 'compacted') return 'etcdserver: mvcc: required revision has been compacted'
  return textOf(error)
}

function canceled(context: CliContext, why: string): CliError {
  context.printError([`watch was canceled (${why})`])
  return new CliError(ExitCode.INTERRUPTED, 'watch is canceled by the server')
}
