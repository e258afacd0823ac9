/**
 * A program that closes its client ends by itself, wherever the client was in its work.
 *
 * Each case is a process of its own on the compiled client. It starts every kind of call,
 * closes while they are under way, and must tell `closed` for each and end: nothing keeps
 * it alive, and nothing was rejected without being heard.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net'
import { dirname, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type ConnectOptions, connect } from '../../client/index.js'
import { freePorts } from '../../server/host/free-port.js'
import { ProcessCluster, waitFor } from './process-cluster.js'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const door = pathToFileURL(resolve(root, 'dist/client/index.js')).href

/** What a process does; `options` are its argument. */
const PROGRAM = `
const { connect } = await import(${JSON.stringify(door)})
const client = connect(JSON.parse(process.argv[1]))
const told = []
const note = (promise) => promise.then(() => told.push('done'), (error) => told.push(error.code))
const all = [
  note(client.kv.get('k')),
  note(client.kv.put('k', 'v')),
  note(client.lease.grant(5)),
  note(client.lease.keepAliveOnce(1n)),
  note((async () => { for await (const _ of client.watch('k')) break })()),
  note(new Promise((_, reject) => client.lease.keepAlive(1n, { onLost: reject }))),
]
setTimeout(() => client.close(), 300)
await Promise.all(all)
console.log(told.join(' '))
`

/** Connections that may wait to be accepted. */
const QUEUE_MAX = 1

/** Stopped, it accepts nothing: once its queue is full the system answers no more attempts. */
const LISTENER = `
const server = require('node:net').createServer()
server.listen(0, '127.0.0.1', ${QUEUE_MAX}, () => console.log(server.address().port))
`

/**
 * A process with a session: writes, says that it is ready, and closes when it is told to, with
 * calls under way. Its last line says how long it lived after that, in milliseconds.
 */
const PIPELINE_PROGRAM = `
const { connect } = await import(${JSON.stringify(door)})
const client = connect(JSON.parse(process.argv[1]))
await client.kv.put('k', 'v')
console.log('ready', client.guarantees.transport)
await new Promise((told) => process.stdin.once('data', told))
process.stdin.destroy()
const outcomes = {}
const note = (call) => call.then(() => 'done', ({ code }) => code).then((outcome) => {
  outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
})
const calls = Array.from({ length: 300 }, (_, i) =>
  note(i % 3 === 0 ? client.kv.get('k') : client.kv.put('k', String(i))))
await Promise.race([calls[0], new Promise((late) => setTimeout(late, 100))])
const closedMs = performance.now()
client.close()
process.on('exit', () => console.log(Math.round(performance.now() - closedMs)))
await Promise.all(calls)
console.log(JSON.stringify(outcomes))
`

/** What a closed client may keep its process for at most: its last word to the server. */
const CLOSED_MS_MAX = 2_000

/** More than any of them needs, on a busy machine. */
const PATIENCE_MS = 20_000

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function run(
  options: ConnectOptions,
  program = PROGRAM,
  onReady: (child: ChildProcess) => void = () => {},
): Promise<Ended> {
  const args = ['--input-type=module', '-e', program, JSON.stringify(options)]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  const last = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (bytes) => {
    stdout += bytes
    if (bytes.includes('ready')) onReady(child)
  })
  child.stderr.on('data', (bytes) => {
    stderr += bytes
  })
  return new Promise((resolveEnded, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      clearTimeout(last)
      resolveEnded({ code, stdout, stderr })
    })
  })
}

describe('a closed client lets its process end', () => {
  let silent: Server
  let silentAddress: string
  let nobody: string
  let full: ChildProcess
  let fullAddress: string
  const sockets = new Set<Socket>()

  beforeAll(async () => {
    silent = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
    })
    await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening))
    const address = silent.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    silentAddress = `127.0.0.1:${address.port}`
    full = spawn(process.execPath, ['-e', LISTENER], { stdio: ['ignore', 'pipe', 'inherit'] })
    const port = Number(await once(full.stdout!, 'data'))
    full.kill('SIGSTOP')
    fullAddress = `127.0.0.1:${port}`
    for (let i = 0; i < QUEUE_MAX + 4; i++) {
      const socket = connectTcp(port, '127.0.0.1')
      socket.on('error', () => {})
      sockets.add(socket)
    }
    nobody = `127.0.0.1:${(await freePorts(1))[0]}`
  })
  afterAll(async () => {
    full?.kill('SIGKILL')
    for (const socket of sockets) socket.destroy()
    await new Promise((closed) => silent.close(closed))
  })

  test.each<[string, () => ConnectOptions]>([
    ['while calls wait for a member that says nothing', () => ({ endpoints: silentAddress })],
    ['while its connection is neither made nor refused', () => ({ endpoints: fullAddress })],
    ['while it pauses before it tries again', () => ({ endpoints: nobody })],
    [
      'while it proves who it is',
      () => ({ endpoints: silentAddress, auth: { username: 'a', password: 'b' } }),
    ],
    ['in the middle of a TLS handshake', () => ({ endpoints: silentAddress, tls: true })],
    ['during a DNS lookup', () => ({ discovery: { domain: 'nobody.invalid' } })],
    ['between two looks at the members', () => ({ endpoints: nobody, syncIntervalMs: 60_000 })],
  ])(
    '%s',
    async (_when, options) => {
      const ended = await run({ env: {}, timeoutMs: 60_000, ...options() })
      expect(ended).toMatchObject({ code: 0, stderr: '' })
      expect(ended.stdout.trim().split(' ')).toHaveLength(6)
      expect(ended.stdout).not.toContain('done')
    },
    PATIENCE_MS + 5_000,
  )
})

describe('a closed client with a session lets its process end', () => {
  let cluster: ProcessCluster
  beforeAll(async () => {
    cluster = await ProcessCluster.start(1)
  }, 60_000)
  afterAll(() => cluster.stop())

  /** @returns how the calls under way ended. */
  async function closing(onReady: (child: ChildProcess) => void): Promise<Record<string, number>> {
    const options: ConnectOptions = { env: {}, endpoints: cluster.endpoints, pipeline: 'require' }
    const { code, stderr, stdout } = await run(options, PIPELINE_PROGRAM, onReady)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [ready, outcomes, livedMs] = stdout.trim().split('\n')
    expect(ready).toBe('ready pipeline')
    expect(Number(livedMs)).toBeLessThan(CLOSED_MS_MAX)
    return JSON.parse(outcomes!) as Record<string, number>
  }

  test('in the middle of its calls; each ends, answered or closed, and the session is gone', async () => {
    const outcomes = await closing((child) => child.stdin?.write('go'))
    expect((outcomes['done'] ?? 0) + (outcomes['closed'] ?? 0)).toBe(300)
    const client = connect({ endpoints: cluster.endpoints, pipeline: 'off' })
    await waitFor('no lease', async () => (await client.lease.list()).length === 0)
    client.close()
  }, 60_000)

  test('while its member stands still', async () => {
    const member = cluster.members[0]!
    const outcomes = await closing((child) => {
      member.signal('SIGSTOP')
      child.stdin?.write('go')
    }).finally(() => member.signal('SIGCONT'))
    expect(outcomes).toEqual({ closed: 300 })
  }, 60_000)
})
