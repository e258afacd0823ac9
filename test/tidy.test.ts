/**
 * The house rules as a test: the import line, what only hosts may touch, and that
 * every file opens by saying what it is. `docs/architecture.md` explains the rooms.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')

/** Rooms from left to right, and what each may import besides itself and, on its own side, what is left of it. */
const LIGHT_SIDE = ['client/wire', 'client/host', 'client', 'recipes', 'recipes/host'] as const
const SERVER_SIDE = [
  'server/host',
  'server/raft',
  'server/storage',
  'server/mvcc',
  'server/state',
  'server/cluster',
  'server/member',
  'server/server.ts',
  'server/api',
  'server/http',
  'server/start-server.ts',
  'server/start-cluster.ts',
  'server/testing',
  'server/index.ts',
  'server/cli',
] as const
/** Plain values that every server room may read. */
const SERVER_SHARED = [
  'server/config.ts',
  'server/limits.ts',
  'server/tuning.ts',
  'server/version.ts',
]

/** What only `*\/host/` may touch: time, chance, disk, network, the process. */
const BANNED: readonly (readonly [RegExp, string])[] = [
  [/\bDate\s*[.(]|\bnew Date\b/, 'Date: use the Clock port'],
  [/\bperformance\s*\./, 'performance: use the Clock port'],
  [/\b(setTimeout|setInterval|setImmediate)\s*\(/, 'timers: use the Clock port'],
  [/\bAbortSignal\.timeout\b/, 'AbortSignal.timeout: use the Clock port'],
  [/\bMath\.random\b/, 'Math.random: use the Random port'],
  [/\bprocess\s*\./, 'process: only hosts and the command line know it'],
  [
    /from '(node:)?(diagnostics_channel|fs|fs\/promises|net|tls|dns|dgram|os|http|https|http2|child_process|worker_threads|timers|timers\/promises|perf_hooks|process)'/,
    'this Node module: use a port',
  ],
  [
    /import (?!\{ createHash \})[^\n]*from 'node:crypto'/,
    'node:crypto beyond createHash: use the Random port',
  ],
  [/from '(@grpc\/grpc-js|lmdb|node-cron|pino|undici)'/, 'this package is seen by hosts only'],
]

interface Source {
  /** Path from the root, with slashes. */
  readonly path: string
  readonly text: string
  readonly isTest: boolean
}

function sources(directory: string): Source[] {
  return readdirSync(join(root, directory), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(ts|mjs)$/.test(entry.name))
    .map((entry) => {
      const absolute = join(entry.parentPath, entry.name)
      const path = relative(root, absolute).split(sep).join('/')
      return {
        path,
        text: readFileSync(absolute, 'utf8'),
        isTest: /\.test(\.fixture)?\.ts$/.test(path),
      }
    })
}

const all = ['client', 'recipes', 'server', 'examples', 'test'].flatMap((directory) => {
  try {
    return sources(directory)
  } catch {
    return []
  }
})

/** The code without its comments: rules are about code. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:'"`])\/\/[^\n]*/g, '$1')
}

function roomOf(path: string): string | undefined {
  const rooms = [...SERVER_SIDE, ...SERVER_SHARED, ...LIGHT_SIDE]
  return rooms
    .filter((room) => path === room || path.startsWith(`${room}/`))
    .sort((a, b) => b.length - a.length)[0]
}

/** Paths that a file imports, from the root. */
function imports(source: Source): string[] {
  const found = source.text.matchAll(/(?:from|import)\s*\(?'(\.{1,2}\/[^']+)'/g)
  return [...found].map(([, target]) =>
    join(dirname(source.path), target!).split(sep).join('/').replace(/\.js$/, '.ts'),
  )
}

/** Why `from` may not import `to`, or undefined when it may. */
function verdict(from: string, to: string): string | undefined {
  const [here, there] = [roomOf(from), roomOf(to)]
  if (here === undefined || here === there || there === undefined)
    return there === undefined && here !== undefined ? 'is in no room' : undefined
  if (SERVER_SHARED.includes(here))
    return SERVER_SHARED.includes(there) ? undefined : 'is not a plain value'
  const [lightHere, lightThere] = [
    LIGHT_SIDE.indexOf(here as never),
    LIGHT_SIDE.indexOf(there as never),
  ]
  if (here === 'server/cli' || here === 'server/index.ts') return undefined
  if (here === 'recipes' || here === 'recipes/host') {
    if (to === 'client/index.ts' || there === 'recipes') return undefined
    // The door hands on what needs nothing but Node.
    if (from === 'recipes/index.ts' && to === 'recipes/host/probes.ts') return undefined
    return 'recipes import client/index.ts only'
  }
  if (lightHere >= 0)
    return lightThere >= 0 && lightThere < lightHere ? undefined : 'stands to the right'
  if (lightThere >= 0)
    return lightThere <= 1 ? undefined : 'server rooms see client/wire and client/host only'
  if (SERVER_SHARED.includes(there)) return undefined
  const left = SERVER_SIDE.indexOf(there as never) < SERVER_SIDE.indexOf(here as never)
  return left ? undefined : 'stands to the right'
}

describe('the import line', () => {
  test('every file imports only from rooms to its left', () => {
    const wrong = all
      .filter(({ path, isTest }) => !isTest && path.endsWith('.ts') && roomOf(path) !== undefined)
      .flatMap((source) =>
        imports(source).flatMap((to) => {
          const why = verdict(source.path, to)
          return why === undefined ? [] : [`${source.path} imports ${to}: ${why}`]
        }),
      )
    expect(wrong).toEqual([])
  })

  test('nothing but tests imports test/', () => {
    const wrong = all
      .filter((source) => !source.isTest && !source.path.startsWith('test/'))
      .flatMap((source) =>
        imports(source)
          .filter((to) => to.startsWith('test/'))
          .map((to) => `${source.path} imports ${to}`),
      )
    expect(wrong).toEqual([])
  })

  test('the judge of this test convicts', () => {
    expect(verdict('server/raft/raft.ts', 'server/storage/wal.ts')).toBe('stands to the right')
    expect(verdict('server/raft/raft.ts', 'client/client.ts')).toMatch(/client\/wire/)
    expect(verdict('client/kv.ts', 'server/limits.ts')).toBe('stands to the right')
    expect(verdict('recipes/mutex.ts', 'client/kv.ts')).toMatch(/index/)
    expect(verdict('recipes/index.ts', 'recipes/host/grpc-resolver.ts')).toMatch(/index/)
    expect(verdict('recipes/host/grpc-resolver.ts', 'client/kv.ts')).toMatch(/index/)
    expect(verdict('recipes/host/grpc-resolver.ts', 'recipes/registry/service.ts')).toBeUndefined()
    expect(verdict('server/storage/wal.ts', 'server/raft/raft.ts')).toBeUndefined()
  })
})

describe('what only hosts may touch', () => {
  /** Outside the determinism line: hosts, the command line, programs and tests. */
  const free = (path: string): boolean =>
    /(^|\/)host\/|^server\/cli\/|^examples\/|^test\/|generate\.mjs$/.test(path)

  test('time, chance, disk, network and the process stay behind the ports', () => {
    const wrong = all
      .filter((source) => !source.isTest && !free(source.path))
      .flatMap((source) =>
        code(source.text)
          .split('\n')
          .flatMap((line) =>
            BANNED.filter(([pattern]) => pattern.test(line)).map(
              ([, why]) => `${source.path}: ${line.trim()} (${why})`,
            ),
          ),
      )
    expect(wrong).toEqual([])
  })

  test('the judge of this test convicts', () => {
    const banned = (line: string) => BANNED.some(([pattern]) => pattern.test(code(line)))
    expect(banned('const t = Date.now()')).toBe(true)
    expect(banned("import { readFile } from 'node:fs/promises'")).toBe(true)
    expect(banned("import { randomBytes } from 'node:crypto'")).toBe(true)
    expect(banned("import { createHash } from 'node:crypto'")).toBe(false)
    expect(banned('// not like Date.now()')).toBe(false)
  })
})

describe('every file', () => {
  test('opens by saying what it is', () => {
    const wrong = all
      .filter(({ text }) => !/^(#![^\n]*\n)?(\/\*\*|\/\/ )/.test(text))
      .map((source) => source.path)
    expect(wrong).toEqual([])
  })

  test('has no name that says nothing', () => {
    const wrong = all.filter(({ path }) =>
      /(^|\/)(utils?|helpers?|misc|common|shared)(\.|\/)/.test(path),
    )
    expect(wrong.map((source) => source.path)).toEqual([])
  })

  test('leaves no focus and no skip without a reason behind', () => {
    const wrong = all
      .filter(({ isTest, path }) => isTest && path !== 'test/tidy.test.ts')
      .filter(({ text }) => /\b(test|describe|it)\.only\b|\bf(describe|it)\(/.test(text))
    expect(wrong.map((source) => source.path)).toEqual([])
  })
})
