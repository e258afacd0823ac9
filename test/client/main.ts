/**
 * The command: `npm run test:client -- --server etcd|conclave|conclave-unary|all [subject …] [flags of jest]`.
 *
 * Runs the client's tests against that server, in jest, or only some subjects (`watch`,
 * `kv -t prefix`). What is pending on a server is listed by name at the end.
 */

import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { orUsage, UsageError } from '../command-line.js'
import { KIND_NAMES, wantedKinds } from './server-kind.js'

const USAGE = `npm run test:client -- [--server NAME] [subject …] [flags of jest]

  --server NAME  ${KIND_NAMES.join(', ')}, several with commas, or all (all)
`

/** The part of jest's JSON that is read here. */
interface JestReport {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}

process.exitCode = await orUsage(main)

async function main(): Promise<number> {
  const words = process.argv.slice(2)
  if (words.includes('--help') || words.includes('-h')) {
    process.stdout.write(USAGE)
    return 0
  }
  const server = serverOf(words)
  const directory = mkdtempSync(join(tmpdir(), 'conclave-test-client-'))
  const reportFile = join(directory, 'report.json')
  try {
    const code = await jest(server, [...words, '--json', `--outputFile=${reportFile}`])
    if (existsSync(reportFile))
      for (const line of pendingIn(reportFile)) process.stdout.write(`${line}\n`)
    return code
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Takes `--server NAME` or `--server=NAME` out of the words. @throws UsageError */
function serverOf(words: string[]): string {
  const at = words.findIndex((word) => word === '--server' || word.startsWith('--server='))
  if (at < 0) return 'all'
  const [word] = words.splice(at, 1)
  const name = word === '--server' ? words.splice(at, 1)[0] : word!.slice('--server='.length)
  if (name === undefined) throw new UsageError('--server needs a name; run --help for the list')
  try {
    wantedKinds(name)
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
  return name
}

/** Words up to the first flag are subjects, such as `watch`; the rest is jest's. */
function jest(server: string, words: readonly string[]): Promise<number> {
  const flagAt = words.findIndex((word) => word.startsWith('-'))
  const subjects = words.slice(0, flagAt).map((word) => `test/client/${word}`)
  if (subjects.length === 0) subjects.push('test/client/')
  const program = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js']
  const child = spawn(process.execPath, [...program, ...subjects, ...words.slice(flagAt)], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, CONCLAVE_TEST_SERVER: server },
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
}

/** What a server does not have yet, and what it will never have, a line each. */
function pendingIn(reportFile: string): string[] {
  const report = JSON.parse(readFileSync(reportFile, 'utf8')) as JestReport
  return report.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'todo' || status === 'pending')
    .map(({ fullName }) => `${fullName.includes(' differs, ') ? '' : 'pending: '}${fullName}`)
    .sort()
}
