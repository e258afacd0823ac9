/**
 * Every example of the documentation compiles, and runs.
 *
 * The blocks marked `ts` of README.md, docs/*.md and docs/recipes/*.md are written to files of a
 * temporary directory, checked together by the compiler against the sources, and run one
 * after the other against a cluster in this process. A block marked `ts compile-only`
 * is not run. What an example calls without saying where it comes from is in GIVEN.
 *
 * The examples in doc comments of what the doors export are compiled, too. They are short:
 * what a door exports need not be imported, and there is a `client`.
 */

import { execFile } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { type Cluster, startCluster } from '../server/index.js'
import { DOORS, type Export, examplesIn, exportsOf } from './docs/doors.js'
import { clearStage, stage } from './docs/stage.js'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')

/** What examples call and need not show: how it is declared, and what it does here. */
const GIVEN = {
  declaration: `declare function writeReport(report: {
    readonly token: number
    readonly signal: AbortSignal
  }): Promise<void>`,
  values: { writeReport: async () => {} },
}

/** The same for examples in comments, which are not run. */
const GIVEN_IN_COMMENTS = `declare const client: import('conclave').Client
declare const lease: import('conclave').Lease
declare const session: import('conclave/recipes').Session
declare const lock: import('conclave/recipes').Lock
declare function schedule(options: { signal: AbortSignal; token: number }): Promise<void>
declare function stopWorking(): void
declare function stopEverything(reason: unknown): void`

/** Stand-ins, where an example must meet our cluster. */
const STAND_INS: Readonly<Record<string, string>> = {
  conclave: 'test/docs/conclave.ts',
  'conclave/recipes': 'recipes/index.ts',
  'conclave/server': 'test/docs/server.ts',
  'conclave/testing': 'server/testing/index.ts',
  'conclave/grpc': 'recipes/host/grpc-resolver.ts',
  'conclave/undici': 'recipes/host/undici-dispatcher.ts',
  'conclave/node-cron': 'recipes/host/node-cron.ts',
  'conclave/opentelemetry': 'client/opentelemetry.ts',
}

interface Example {
  /** File and line, as a person looks it up. */
  readonly at: string
  readonly code: string
  readonly runs: boolean
}

function examplesOf(document: string): Example[] {
  const text = readFileSync(join(root, document), 'utf8')
  const blocks = text.matchAll(/^```ts( compile-only)?\n([\s\S]*?)^```$/gm)
  return [...blocks].map(({ index, 1: mark, 2: code }) => ({
    at: `${document}:${text.slice(0, index).split('\n').length}`,
    code: code!,
    runs: mark === undefined,
  }))
}

/** What each door exports. */
const exportsByDoor = new Map(
  Object.entries(DOORS).map(([door, file]) => [door, exportsOf(root, file)] as const),
)

/** The examples in the doc comments of a file, with what they need not import. */
function commentExamples(file: string): Example[] {
  const text = readFileSync(join(root, file), 'utf8')
  // Its own room first.
  const doors = [...exportsByDoor.keys()].sort((a, b) => rank(a, file) - rank(b, file))
  return examplesIn(text).map(({ index, code }) => ({
    at: `${file}:${text.slice(0, index).split('\n').length}`,
    code: `${importsFor(code, doors)}${code}`,
    runs: false,
  }))
}

function rank(door: string, file: string): number {
  return dirname(DOORS[door]!).split('/')[0] === file.split('/')[0] ? 0 : 1
}

/** Imports, on one line so that lines keep their numbers, of what is used and not declared. */
function importsFor(code: string, doors: readonly string[]): string {
  const taken = new Set(
    [...code.matchAll(/\b(?:const|let|class|function) (\w+)/g)].map(([, name]) => name),
  )
  for (const [, names] of code.matchAll(/^import [^{]*\{([^}]*)\}/gm))
    for (const name of names!.split(',')) taken.add(name.replace(/^\s*type /, '').trim())
  const imports = doors.map((door) => {
    const isUsed = ({ name }: Export) => !taken.has(name) && new RegExp(`\\b${name}\\b`).test(code)
    const names = exportsByDoor
      .get(door)!
      .filter(isUsed)
      .map(({ name }) => name)
    for (const name of names) taken.add(name)
    return names.length === 0 ? '' : `import { ${names.join(', ')} } from '${door}'; `
  })
  return imports.join('')
}

const documents = [
  'README.md',
  'docs/testing-your-code.md',
  'docs/members.md',
  'docs/client.md',
  ...readdirSync(join(root, 'docs/recipes')).map((name) => `docs/recipes/${name}`),
]
const commented = new Set([...exportsByDoor.values()].flat().map(({ file }) => file))
const examples = [
  ...documents.filter((name) => name.endsWith('.md')).flatMap(examplesOf),
  ...[...commented].sort().flatMap(commentExamples),
]

describe('the examples of the documentation', () => {
  let directory: string
  let cluster: Cluster

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'conclave-docs-'))
    // Some examples import packages of others.
    symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'))
    cluster = await startCluster({ size: 1, storage: 'memory', sockets: false })
    Object.assign(stage, { endpoints: cluster.endpoints, transport: cluster.transport })
    Object.assign(globalThis, GIVEN.values)
    jest.spyOn(console, 'log').mockImplementation(() => {})
  })
  afterEach(clearStage)
  afterAll(async () => {
    jest.restoreAllMocks()
    await cluster?.stop()
    rmSync(directory, { recursive: true, force: true })
  })

  test('are there', () => {
    expect(examples.length).toBeGreaterThan(5)
    for (const file of ['README.md', 'client/client.ts', 'client/opentelemetry.ts'])
      expect(examples.some(({ at }) => at.startsWith(file))).toBe(true)
  })

  test('compile', async () => {
    const at = join(directory, 'compile')
    mkdirSync(at)
    const name = (i: number) => `example${i}.ts`
    for (const [i, { code }] of examples.entries())
      writeFileSync(join(at, name(i)), `${code}\nexport {}\n`)
    writeFileSync(join(at, 'package.json'), '{ "type": "module" }\n')
    writeFileSync(join(at, 'given.d.ts'), `${GIVEN.declaration}\n${GIVEN_IN_COMMENTS}\n`)
    const paths = Object.entries(DOORS).map(([door, file]) => [door, [join(root, file)]])
    const compilerOptions = {
      noEmit: true,
      rootDir: '/',
      typeRoots: [join(root, 'node_modules/@types')],
      noUnusedLocals: false,
      verbatimModuleSyntax: false,
      paths: {
        ...Object.fromEntries(paths),
        'node-cron': [join(root, 'node_modules/node-cron/dist/node-cron.d.ts')],
        '@opentelemetry/api': [join(root, 'node_modules/@opentelemetry/api/build/src/index.d.ts')],
      },
    }
    const project = { extends: join(root, 'tsconfig.json'), include: [at], compilerOptions }
    writeFileSync(join(at, 'tsconfig.json'), JSON.stringify(project))
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const { stdout } = await promisify(execFile)(process.execPath, [tsc, '-p', at]).catch(
      (error: { stdout: string }) => error,
    )
    const named = stdout.replace(/\S*example(\d+)\.ts/g, (_, i) => examples[Number(i)]!.at)
    expect(named).toBe('')
  }, 120_000)

  const running = examples.filter(({ runs }) => runs)
  test.each(running)('run: $at', async ({ at, code }) => {
    const file = join(directory, `${at.replace(/\W/g, '-')}.ts`)
    const placed = code.replace(/(from\s+')(conclave[^']*)'/g, (_, from, door) => {
      const standIn = STAND_INS[door]
      if (standIn === undefined) throw new Error(`${at} imports '${door}', which is no door`)
      return `${from}${join(root, standIn)}'`
    })
    writeFileSync(file, placed)
    await import(file)
  })
})
