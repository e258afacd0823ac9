/** The words of `conclave watch`: a key, perhaps an end, and a command for each change. */

import type { Range } from '../../client/index.js'
import { badArguments } from './cli-error.js'

/** The flags of `watch`. */
export interface WatchFlags {
  readonly interactive?: boolean
  readonly prefix?: boolean
  readonly prevKv?: boolean
  readonly progressNotify?: boolean
  readonly rev?: number
}

/** What to watch. */
export interface WatchWords {
  readonly key: string
  readonly rangeEnd: string
  /** Run for each change; empty when there is none. */
  readonly command: readonly string[]
}

/**
 * Reads the words; the key may stand in ETCDCTL_WATCH_KEY instead.
 *
 * @param args all words, with those behind `--` at the end.
 */
export function watchWords(
  args: readonly string[],
  afterDashes: readonly string[] | undefined,
  env: NodeJS.ProcessEnv,
): WatchWords {
  const command = afterDashes ?? []
  const words = args.slice(0, args.length - command.length)
  const envKey = env['ETCDCTL_WATCH_KEY'] ?? ''
  const envEnd = env['ETCDCTL_WATCH_RANGE_END'] ?? ''
  if (envKey === '' && envEnd !== '')
    throw badArguments('ETCDCTL_WATCH_KEY is empty but got ETCDCTL_WATCH_RANGE_END')
  if (words.length > 0 && envKey !== '')
    throw badArguments('bad number of arguments (found conflicting environment key)')
  if (words.length > 2 || (words.length === 0 && envKey === ''))
    throw badArguments('bad number of arguments')
  const [key = envKey, rangeEnd = words.length === 0 ? envEnd : ''] = words
  return { key, rangeEnd, command }
}

/** The range; undefined when no key is in it, which a server refuses. */
export function watchRange({ key, rangeEnd }: WatchWords, isPrefix = false): Range | undefined {
  if (isPrefix) {
    if (rangeEnd !== '') throw badArguments('`range_end` and `--prefix` are mutually exclusive')
    return { prefix: key }
  }
  // An empty key is the smallest that there can be.
  const from = key === '' ? Buffer.of(0) : Buffer.from(key)
  if (rangeEnd === '') return { from, to: Buffer.concat([from, Buffer.of(0)]) }
  if (rangeEnd === '\0') return { fromKey: from }
  const to = Buffer.from(rangeEnd)
  return Buffer.compare(from, to) < 0 ? { from, to } : undefined
}
