/**
 * What is in the package, and that programs can use it: as an ES module, from CommonJS, in
 * a bundle, and where nothing is installed that only a server needs.
 *
 * Needs `dist`: `npm run build` first, as `npm test` does.
 */

import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { ProcessCluster } from '../process/process-cluster.js'
import { bundle } from './bundle.js'
import { Packed, ROOT, runNode } from './packed.js'
import { PROTO_SPY, USES_CLIENT, USES_CLIENT_CJS } from './programs.js'

/** All that a client needs besides itself. */
const CLIENT_PACKAGES = ['@grpc/grpc-js', 'eventemitter3', 'protobufjs']
/** A bundle of one small function, in bytes: with anything more it would be far larger. */
const SMALL_BYTES = 3_000

interface PackageJson {
  readonly exports: Readonly<Record<string, string | { types: string; default: string }>>
  readonly bin: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
}

let packed: Packed
let cluster: ProcessCluster
let files: string[]
let json: PackageJson
let doors: string[]

beforeAll(async () => {
  ;[packed, cluster] = await Promise.all([Packed.make(), ProcessCluster.start(1)])
  files = await packed.files()
  json = JSON.parse(await readFile(join(packed.package, 'package.json'), 'utf8')) as PackageJson
  doors = Object.keys(json.exports).filter((door) => door !== './package.json')
}, 60_000)
afterAll(async () => {
  await cluster?.stop()
  await packed?.remove()
}, 60_000)

describe('the package', () => {
  test('has what a user reads, and no tests, sources or .proto files', () => {
    expect(files).toEqual(expect.arrayContaining(['README.md', 'LICENSE', 'NOTICE']))
    const unwanted = files.filter((file) =>
      /\.test\.|^dist\/(test|examples)\/|\.proto$|(?<!\.d)\.ts$|\.tsbuildinfo$/.test(file),
    )
    expect(unwanted).toEqual([])
  })

  test('has every file that its doors and commands name', () => {
    const named = Object.values(json.exports).flatMap((door) =>
      typeof door === 'string' ? [door] : [door.types, door.default],
    )
    const missing = [...named, ...Object.values(json.bin)].filter(
      (path) => !existsSync(join(packed.package, path)),
    )
    expect(missing).toEqual([])
    expect(doors).toEqual([
      '.',
      './recipes',
      './server',
      './testing',
      './grpc',
      './undici',
      './node-cron',
      './opentelemetry',
    ])
  })

  test('has a map for every module, which leads to its source and carries it', async () => {
    const modules = files.filter((file) => /^dist\/.*\.js$/.test(file))
    expect(modules.length).toBeGreaterThan(100)
    const wrong: string[] = []
    for (const module of modules) {
      const text = await readFile(join(packed.package, `${module}.map`), 'utf8').catch(() => '{}')
      const { sources = [], sourcesContent = [] } = JSON.parse(text) as Record<string, string[]>
      const source = resolve(ROOT, dirname(module), sources[0] ?? 'none')
      if (source !== join(ROOT, module.replace(/^dist\/(.*)\.js$/, '$1.ts'))) wrong.push(module)
      else if (!sourcesContent[0]?.includes('/**')) wrong.push(`${module}: no content`)
    }
    expect(wrong).toEqual([])
  }, 60_000)
})

describe('a program', () => {
  /** With everything installed that the package asks for, or its doors need. */
  let at: string
  beforeAll(async () => {
    const installed = [...Object.keys(json.dependencies), 'undici']
    at = await packed.program('program', installed, {
      'client.mjs': USES_CLIENT,
      'client.cjs': USES_CLIENT_CJS,
    })
  })
  const names = () => doors.map((door) => door.replace(/^\./, 'conclave'))

  test('imports every door', async () => {
    const code = `for (const door of ${JSON.stringify(names())})
      console.log(Object.keys(await import(door)).length > 0)`
    const { stdout, stderr } = await runNode(['--input-type=module', '-e', code], at)
    expect({ stdout, stderr }).toEqual({ stdout: 'true\n'.repeat(doors.length), stderr: '' })
  })

  test('requires every door: nothing in it awaits at the top', async () => {
    const code = `for (const door of ${JSON.stringify(names())})
      console.log(Object.keys(require(door)).length > 0)`
    const { stdout, stderr } = await runNode(['--no-warnings', '-e', code], at)
    expect({ stdout, stderr }).toEqual({ stdout: 'true\n'.repeat(doors.length), stderr: '' })
  })

  test('uses a cluster from CommonJS, and ends by itself', async () => {
    const [endpoint] = cluster.endpoints
    const output = await runNode(['--no-warnings', 'client.cjs', endpoint!], at)
    expect(output).toEqual({ stdout: 'works\n', stderr: '', code: 0 })
  })
})

describe('a client', () => {
  let at: string
  beforeAll(async () => {
    at = await packed.program('light', CLIENT_PACKAGES, {
      'client.mjs': USES_CLIENT,
      'spy.cjs': PROTO_SPY,
    })
    await rm(join(at, 'node_modules/conclave/dist/server'), { recursive: true })
  })

  test('works where no server is installed, reads no .proto file, and ends by itself', async () => {
    const args = ['--require', './spy.cjs', 'client.mjs', cluster.endpoints[0]!]
    const output = await runNode(args, at)
    expect(output).toEqual({
      stdout: 'watched works\nstill works\nopened []\n',
      stderr: '',
      code: 0,
    })
  })

  test('works as a bundle of one file, with nothing installed', async () => {
    const { code, imports } = await bundle(join(at, 'client.mjs'))
    expect(imports.filter((one) => !builtinModules.includes(one.replace(/^node:/, '')))).toEqual([])
    const alone = await packed.program('alone', [], {})
    await rm(join(alone, 'node_modules'), { recursive: true })
    await writeFile(join(alone, 'bundle.mjs'), code)
    const output = await runNode(['bundle.mjs', cluster.endpoints[0]!], alone)
    expect(output).toEqual({ stdout: 'watched works\nstill works\n', stderr: '', code: 0 })
  }, 60_000)

  test('leaves out of a bundle what is not used', async () => {
    await writeFile(
      join(at, 'small.mjs'),
      `import { prefixEnd } from 'conclave'\nconsole.log(prefixEnd)\n`,
    )
    const { code, imports, modules } = await bundle(join(at, 'small.mjs'))
    expect(modules.filter((id) => /grpc|protobuf|generated/.test(id))).toEqual([])
    expect(imports).toEqual([])
    expect(code.length).toBeLessThan(SMALL_BYTES)
  }, 60_000)
})
