/**
 * Everything that reads what a person typed: flags, command lines, transactions, values.
 *
 * A reader returns, or refuses with the error of its kind; anything else that it throws
 * would reach the person as a stack trace.
 */

import { Command, CommanderError } from 'commander'
import { encodeBytes } from '../../client/wire/codec.js'
import { Compare } from '../../client/wire/generated/rpc.js'
import { CliError } from '../../server/cli/cli-error.js'
import { addClientCommands } from '../../server/cli/client-commands.js'
import { readCommandLine } from '../../server/cli/command-line.js'
import { endpointList, flagValue } from '../../server/cli/flag-values.js'
import { addGlobalOptions, clientFor, type GlobalOptions } from '../../server/cli/global-options.js'
import {
  formatDuration,
  GoSyntaxError,
  parseBool,
  parseCount,
  parseDurationMs,
  parseInt64,
  quote,
  unquote,
} from '../../server/cli/go-values.js'
import { keyRange } from '../../server/cli/key-range.js'
import { parseServerCommand, SERVER_FLAGS } from '../../server/cli/server-options.js'
import { parseCompare } from '../../server/cli/txn-compare.js'
import { watchRange, watchWords } from '../../server/cli/watch-words.js'
import { wordsOf } from '../../server/cli/words.js'
import { ConfigError, parseInitialCluster, resolveConfig } from '../../server/config.js'
import type { SeededRandom } from '../model/random.js'
import { targetOf } from './target.js'

type CliCase = {
  readonly reader: string
  readonly words: readonly string[]
}

/** A reader, and what it may throw. */
interface Reader {
  readonly read: (words: readonly string[]) => unknown
  readonly refusals: readonly (new (...parts: never[]) => Error)[]
}

const READERS: Readonly<Record<string, Reader>> = {
  server: {
    read: (words) => {
      const { options } = parseServerCommand(words, environmentOf(words, 'ETCD_'))
      resolveConfig(options)
    },
    refusals: [ConfigError],
  },
  initialCluster: {
    read: ([text = '']) => parseInitialCluster(text),
    refusals: [ConfigError],
  },
  commandLine: { read: readLine, refusals: [CliError, CommanderError] },
  compare: {
    read: ([line = '']) => encodeBytes(Compare, parseCompare(line)),
    refusals: [CliError],
  },
  words: { read: ([line = '']) => wordsOf(line), refusals: [] },
  range: {
    read: ([prefix, fromKey, ...words]) =>
      keyRange(words, { prefix: prefix === 'true', fromKey: fromKey === 'true' }),
    refusals: [CliError],
  },
  watch: {
    read: (words) =>
      watchRange(watchWords(words, undefined, environmentOf(words, 'ETCDCTL_')), false),
    refusals: [CliError],
  },
  values: { read: readValues, refusals: [GoSyntaxError] },
  endpoints: { read: connectTo, refusals: [CliError] },
}

/** See the head of the file. */
export const cliTarget = targetOf<CliCase>({
  name: 'cli',
  about: 'command lines, flags, transactions and values: refused by type or understood',

  draw(random, known) {
    const reader = random.pick(Object.keys(READERS))
    const alike = known.filter((each) => each.reader === reader)
    const old = alike.length > 0 && random.chance(0.2) ? random.pick(alike).words : undefined
    const words = old ?? Array.from({ length: random.between(1, 6) }, () => phrase(random, reader))
    return { reader, words: words.map((word) => (random.chance(0.15) ? bent(random, word) : word)) }
  },

  run({ reader: name, words }) {
    const reader = READERS[name]
    if (reader === undefined) throw new Error(`there is no reader ${name}`)
    try {
      reader.read(words)
    } catch (error) {
      if (reader.refusals.some((kind) => error instanceof kind)) return
      const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
      throw new Error(`${name} ${JSON.stringify(words)} threw ${what}`, { cause: error })
    }
  },
})

function readLine(words: readonly string[]): unknown {
  const program = new Command('conclave')
    .exitOverride()
    .configureOutput({ writeOut: () => {}, writeErr: () => {} })
  addClientCommands(program, () => async () => {})
  addGlobalOptions(program)
  const { args } = readCommandLine(program, words)
  return program.parse(args, { from: 'user' })
}

function readValues([text = '']: readonly string[]): void {
  for (const parse of [parseInt64, parseCount, parseBool, parseDurationMs])
    try {
      flagValue('f', parse as (text: string) => unknown)(text)
    } catch (error) {
      if (!(error instanceof CliError)) throw error
    }
  const bytes = unquote(quote(text))
  if (bytes === undefined || Buffer.from(bytes).toString() !== Buffer.from(text).toString())
    throw new Error('quote and unquote do not fit')
  unquote(text)
  formatDuration(text.length * 1.5)
  parseInt64(text, 16)
}

function connectTo([list = '']: readonly string[]): void {
  const options = { endpoints: endpointList(list), commandTimeout: 1, dialTimeout: 1 }
  clientFor(options as unknown as GlobalOptions).close()
}

/** Words such as `NAME=value` as an environment. */
function environmentOf(words: readonly string[], prefix: string): Record<string, string> {
  const pairs = words.filter((word) => word.startsWith(prefix)).map((word) => word.split('='))
  return Object.fromEntries(pairs.map(([name = '', ...value]) => [name, value.join('=')]))
}

const NUMBERS = ['0', '1', '-1', '+7', '9007199254740993', '99999999999999999999', '1e3', '0x10']
const URLS = [
  ...['http://127.0.0.1:1', 'http://[::1]:2', 'http://:3', 'https://a:1', 'unix:///x', 'a:b:c'],
  ...['http://a:99999', 'http://a:1/x', 'http://a', '://', 'http://%zz:1', '127.0.0.1:2379'],
]
/** Names that every object has. */
const TRAPS = ['constructor', '__proto__', 'toString', 'hasOwnProperty']
const ODD = ['', ' ', '\0', '\n', '"', "'", '`', '\\', '=', ',', '--', '-', '😀', '\ud800', 'µs']
const COMMANDS = [
  ...['put', 'get', 'del', 'txn', 'watch', 'lease', 'grant', 'keep-alive', 'endpoint', 'status'],
  ...['member', 'list', 'lock', 'elect', 'compaction', 'alarm', 'help', 'e', 'l', 'version'],
]
const FLAGS = [
  ...['--prefix', '--rev', '--lease', '-w', '-w=json', '--hex', '--hex=no', '--endpoints', '-h'],
  ...['--limit', '--order', '--sort-by', '--from-key', '--ttl', '--keys', '--cluster', '--bad'],
]
const LITERALS = [
  ...['"k"', '"\\x41"', '"\\u00e9"', '"\\U0001F600"', '"\\Uffffffff"', '"\\ud800"', '"\\777"'],
  ...['`k`', '"a\\"b"', '"\\q"', '""', '"', '"\\U00110000"'],
]
const TARGETS = ['mod', 'm', 'c', 'create', 'ver', 'val', 'value', 'lease', ...TRAPS]

/** A word that this reader may take for something. */
function phrase(random: SeededRandom, reader: string): string {
  const url = () => random.pick(URLS)
  const value = () => random.pick([...NUMBERS, ...URLS, ...TRAPS, ...ODD, 'true', '10m', 'new'])
  switch (reader) {
    case 'server': {
      const flag = random.pick([...Object.keys(SERVER_FLAGS), 'client-cert-auth', ...TRAPS])
      if (random.chance(0.1)) return `ETCD_${flag.toUpperCase().replaceAll('-', '_')}=${value()}`
      if (flag === 'initial-cluster')
        return `--${flag}=${random.pick(['a', '', ...TRAPS])}=${url()}`
      return random.chance(0.7) ? `--${flag}=${value()}` : `--${flag}`
    }
    case 'initialCluster':
      return Array.from({ length: 3 }, () => `${random.pick(['a', ...TRAPS])}=${url()}`).join()
    case 'compare': {
      const operator = random.pick(['=', '!=', '<', '>', '==', ...TRAPS])
      const [key, literal] = [random.pick(LITERALS), random.pick([...LITERALS, '"12"', '"1f"'])]
      return `${random.pick(TARGETS)}(${key}) ${operator} ${literal}`
    }
    case 'commandLine':
      return random.pick([...COMMANDS, ...COMMANDS, ...FLAGS, value()])
    case 'words':
      return Array.from({ length: 4 }, () => random.pick([...LITERALS, ...ODD, 'a'])).join(' ')
    case 'values':
      return random.pick([
        ...LITERALS,
        value(),
        `${random.pick(NUMBERS)}${random.pick(['s', 'ms', 'µs', ''])}`,
      ])
    case 'endpoints':
      return Array.from({ length: random.between(1, 3) }, url).join()
    default:
      return value()
  }
}

function bent(random: SeededRandom, word: string): string {
  const at = random.between(0, word.length)
  const odd = random.pick([...ODD, String.fromCharCode(random.between(0, 0xffff))])
  return random.chance(0.5) ? word.slice(0, at) + odd + word.slice(at) : word.slice(at)
}
