/** Finds programs that some tests need and that need not be installed. */

import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Path of a program on the PATH, or as the variable names it; undefined when there is none. */
export function findTool(name: string, variable: string): string | undefined {
  const named = process.env[variable]
  if (named !== undefined) return named
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(directory, name)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Not here.
    }
  }
  return undefined
}
