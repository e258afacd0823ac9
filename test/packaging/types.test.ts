/**
 * The types of the package, as its users' compilers see them.
 *
 * Needs `dist`: `npm run build` first, as `npm test` does.
 */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { Packed, ROOT, runNode } from './packed.js'
import { USES_TYPES } from './programs.js'

const TSC = join(ROOT, 'node_modules/typescript/bin/tsc')

/** Settings of a program that checks declarations, too, and knows no others' types than Node's. */
const STRICT = {
  target: 'ES2022',
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  noEmit: true,
  types: ['node'],
}

let packed: Packed

beforeAll(async () => {
  packed = await Packed.make()
}, 60_000)
afterAll(() => packed?.remove())

describe('the types', () => {
  test('are found by every way of importing that the package is for', async () => {
    const tarball = createPackageFromTarballData(await readFile(packed.tarball))
    const result = await checkPackage(tarball)
    if (result.types === false) throw new Error('the package has no types')
    const problems = result.problems.filter((problem) => {
      // TypeScript's node10 knows no "exports"; nothing that runs on Node 20.19 needs it.
      if ('resolutionKind' in problem && problem.resolutionKind === 'node10') return false
      // From CommonJS every door is an ES module, which Node 20.19 and later can require.
      return problem.kind !== 'CJSResolvesToESM'
    })
    expect(problems).toEqual([])
    const doors = Object.keys(result.entrypoints)
    expect(doors).toEqual(
      expect.arrayContaining([
        '.',
        './recipes',
        './server',
        './testing',
        './grpc',
        './undici',
        './node-cron',
        './opentelemetry',
      ]),
    )
  }, 60_000)

  test('and the manifest are as publint wants them', async () => {
    const pkg = JSON.parse(await readFile(join(packed.package, 'package.json'), 'utf8')) as object
    const pack = { tarball: Uint8Array.from(await readFile(packed.tarball)).buffer }
    const { messages } = await publint({ pack, strict: true })
    expect(messages.map((message) => formatMessage(message, pkg as never))).toEqual([])
  })

  test.each([
    ['node16', 'Node16'],
    ['nodenext', 'NodeNext'],
    ['bundler', 'ESNext'],
  ])(
    'under moduleResolution %s: a strict program compiles',
    async (moduleResolution, module) => {
      const program = { source: USES_TYPES, packages: ['@opentelemetry/api', 'undici'] }
      expect(await compiled(moduleResolution, module, program)).toEqual({ stdout: '', code: 0 })
    },
    60_000,
  )

  test('ask for OpenTelemetry and undici only where they are used', async () => {
    const source = `import { connect } from 'conclave'\nimport { Session } from 'conclave/recipes'
export const session = Session.create(connect({ endpoints: 'a:1' }))\n`
    const program = { source, packages: [] }
    expect(await compiled('nodenext', 'NodeNext', program)).toEqual({ stdout: '', code: 0 })
  }, 60_000)
})

interface Program {
  readonly source: string
  /** What it has installed besides conclave, what conclave depends on, and Node's types. */
  readonly packages: readonly string[]
}

/** What the compiler says of a program. */
async function compiled(
  moduleResolution: string,
  module: string,
  { source, packages }: Program,
): Promise<{ stdout: string; code: number | null }> {
  const compilerOptions = { ...STRICT, module, moduleResolution }
  const installed = [
    'protobufjs',
    'eventemitter3',
    '@grpc/grpc-js',
    'pino',
    'node-cron',
    '@types/node',
    ...packages,
  ]
  const at = await packed.program(`types-${moduleResolution}-${packages.length}`, installed, {
    'package.json': '{ "type": "module" }',
    'program.ts': source,
    'tsconfig.json': JSON.stringify({ compilerOptions, include: ['program.ts'] }),
  })
  const { stdout, code } = await runNode([TSC, '-p', at], at)
  return { stdout, code }
}
