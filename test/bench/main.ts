/**
 * The command: `npm run bench -- unary|client|watch|recipes [flags]`, each with its own flags.
 *
 * Without a word, `unary`.
 */

import { orUsage, UsageError } from '../command-line.js'
import { benchClient } from './client-bench.js'
import { benchRecipes } from './recipes-bench.js'
import { benchUnary } from './unary.js'
import { benchWatch } from './watch-bench.js'

const BENCHES = { unary: benchUnary, client: benchClient, watch: benchWatch, recipes: benchRecipes }

process.exitCode = await orUsage(async () => {
  const [word, ...rest] = process.argv.slice(2)
  if (word === undefined || word.startsWith('-')) await benchUnary(process.argv.slice(2))
  else if (word in BENCHES) await BENCHES[word as keyof typeof BENCHES](rest)
  else throw new UsageError(`no benchmark is called "${word}": ${Object.keys(BENCHES).join(', ')}`)
  return 0
})
