/** `npm run example -- <name>`: runs one of the examples, or lists them. */

import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const programOf = (name: string) => join(here, name, 'main.js')
const names = readdirSync(here).filter((name) => existsSync(programOf(name)))

const name = process.argv[2]
if (name !== undefined && names.includes(name)) {
  process.argv.splice(2, 1)
  await import(pathToFileURL(programOf(name)).href)
} else {
  console.log(`npm run example -- <name>, with one of: ${names.join(', ')}`)
  if (name !== undefined && name !== '--help') process.exitCode = 2
}
