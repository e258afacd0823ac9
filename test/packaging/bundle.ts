/** Programs in one file, as bundlers make them. */

import { readFile } from 'node:fs/promises'
import commonjsPlugin from '@rollup/plugin-commonjs'
import nodeResolvePlugin from '@rollup/plugin-node-resolve'
import { type Plugin, type RollupCache, rollup } from 'rollup'

/** A program and everything that it imports, in one file. */
export interface Bundle {
  readonly code: string
  /** What is imported all the same: modules of Node, if all is well. */
  readonly imports: readonly string[]
  /** Files of which something is in it. */
  readonly modules: readonly string[]
}

/** As they are, and not as their types say, which take them for CommonJS. */
const commonjs = commonjsPlugin as unknown as () => Plugin
const nodeResolve = nodeResolvePlugin as unknown as (options: {
  readonly exportConditions: readonly string[]
  readonly preferBuiltins: boolean
}) => Plugin

/** grpc-js reads its version from its package.json. */
const json: Plugin = {
  name: 'json',
  async load(id) {
    return id.endsWith('.json') ? `export default ${await readFile(id, 'utf8')}` : null
  },
}

/** What the last bundle read and parsed; the next one has most of it, too. */
let parsed: RollupCache | undefined

/** Bundles a program for Node. @throws something in it cannot be bundled. */
export async function bundle(program: string): Promise<Bundle> {
  const warnings: string[] = []
  const made = await rollup({
    input: program,
    ...(parsed && { cache: parsed }),
    plugins: [json, nodeResolve({ exportConditions: ['node'], preferBuiltins: true }), commonjs()],
    onwarn: ({ code, message }) => {
      // Others may go in circles; nothing of ours does.
      const isOthers = code === 'CIRCULAR_DEPENDENCY' && !message.includes('node_modules/conclave/')
      if (!isOthers) warnings.push(message)
    },
  })
  parsed = made.cache
  try {
    const { output } = await made.generate({ format: 'es', inlineDynamicImports: true })
    if (warnings.length > 0) throw new Error(warnings.join('\n'))
    const [{ code, imports, modules }] = output
    const used = Object.entries(modules).filter(([, { renderedLength }]) => renderedLength > 0)
    return { code, imports, modules: used.map(([id]) => id) }
  } finally {
    await made.close()
  }
}
