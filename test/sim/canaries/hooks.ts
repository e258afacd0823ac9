/** The loader's part of a canary: replaces text in the files that it names; see register.ts. */

import type { LoadHook } from 'node:module'
import { canaryNamed } from './canaries.js'
import { type Canary, patched } from './canary.js'

/** The compiled code. */
const ROOT = new URL('../../../', import.meta.url).href

let canary: Canary | undefined

/** Called once, on the loader's thread, with the name of the canary. */
export function initialize(name: string): void {
  canary = canaryNamed(name)
}

/** Called for each module. */
export const load: LoadHook = async (url, context, nextLoad) => {
  const loaded = await nextLoad(url, context)
  if (canary === undefined || !url.startsWith(ROOT)) return loaded
  const file = url.slice(ROOT.length)
  if (!canary.patches.some((patch) => patch.file === file)) return loaded
  return { ...loaded, source: patched(canary, file, String(loaded.source)) }
}
