/** The rooms of the server whose branches the simulation should take, and what is in them. */

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** See the head of the file. */
export const ROOMS = [
  'server/raft',
  'server/storage',
  'server/mvcc',
  'server/state',
  'server/cluster',
] as const

/** `dist/`, as a URL that ends in a slash. */
export const BUILT = new URL('../../../', import.meta.url)

/** The room of a compiled script, or undefined when it is not measured. */
export function roomOf(url: string): (typeof ROOMS)[number] | undefined {
  if (!url.startsWith(BUILT.href) || !/(?<!\.test|\.test\.fixture)\.js$/.test(url)) return undefined
  const path = url.slice(BUILT.href.length)
  if (path.startsWith('server/raft/simulation/')) return undefined
  return ROOMS.find((room) => path.startsWith(`${room}/`))
}

/** Whether the branches of this script count. */
export function isMeasured(url: string): boolean {
  return roomOf(url) !== undefined
}

/** URLs of all compiled scripts that are measured, in order of their names. */
export function measuredScripts(): string[] {
  return ROOMS.flatMap((room) => {
    const directory = fileURLToPath(new URL(`${room}/`, BUILT))
    return readdirSync(directory, { recursive: true })
      .map((name) => pathToFileURL(join(directory, String(name))).href)
      .filter(isMeasured)
      .sort()
  })
}
