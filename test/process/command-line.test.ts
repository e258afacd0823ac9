/** What an operator meets at the door: one clear line on stderr and an honest exit code. */

import { spawn } from 'node:child_process'
import { mkdtemp, open, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { GrpcTransport } from '../../client/host/transport-grpc.js'
import { KV } from '../../client/wire/methods.js'
import { freePorts } from '../../server/host/free-port.js'
import { COMMAND, ProcessCluster, waitFor } from './process-cluster.js'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'conclave-cli-'))
})
afterAll(async () => {
  await rm(directory, { recursive: true, force: true })
})

/** Runs the command until it ends. */
async function run(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [COMMAND, ...args], { env: { ...process.env, ...env } })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  const code = await new Promise<number | null>((done) => child.once('close', done))
  return { code, stdout, stderr }
}

/** Flags of a member alone, on ports of its own. */
async function alone(name: string): Promise<string[]> {
  const [client, peer] = await freePorts(2)
  return [
    `--name=${name}`,
    `--data-dir=${join(directory, name)}`,
    `--listen-client-urls=http://127.0.0.1:${client}`,
    `--advertise-client-urls=http://127.0.0.1:${client}`,
    `--listen-peer-urls=http://127.0.0.1:${peer}`,
    `--initial-advertise-peer-urls=http://127.0.0.1:${peer}`,
    `--initial-cluster=${name}=http://127.0.0.1:${peer}`,
    '--log-level=error',
  ]
}

describe('a command line that cannot be understood', () => {
  test.each([
    [['--no-such-flag=1'], /unknown flag: --no-such-flag/],
    [['--election-timeout=abc'], /--election-timeout must be a whole number/],
    [['--election-timeout=300', '--heartbeat-interval=100'], /at least as 5 times/],
    [['--log-level=loud'], /--log-level must be one of/],
    [['--cert-file=/x'], /--cert-file is not supported by this version/],
    [['stray'], /'stray' is not a valid flag/],
    [['--data-dir'], /--data-dir needs a value/],
    [['--initial-cluster=nonsense'], /expected name=URL/],
  ])('%j', async (flags, message) => {
    const { code, stderr } = await run(['server', ...flags])
    expect(stderr).toMatch(message)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(code).not.toBe(0)
  })

  test.each([
    [
      ['--listen-client-urls=nonsense', '--advertise-client-urls=http://127.0.0.1:1'],
      /"nonsense" is not a URL/,
    ],
    [['--listen-client-urls=http://127.0.0.1:1'], /--advertise-client-urls is required/],
    [['--listen-peer-urls=http://example.com:2380'], /expected IP in URL for binding/],
    [['--listen-peer-urls=https://127.0.0.1:2380'], /TLS is not supported/],
  ])('a bad URL: %j', async (flags, message) => {
    const { code, stderr } = await run([
      'server',
      `--data-dir=${join(directory, 'never')}`,
      ...flags,
    ])
    expect(stderr).toMatch(message)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(code).toBe(1)
  })

  test('the environment counts like flags, and flags win', async () => {
    const { stderr, code } = await run(['server'], { ETCD_ELECTION_TIMEOUT: 'soon' })
    expect(stderr).toMatch(/--election-timeout must be a whole number, not 'soon'/)
    expect(code).toBe(2)
  })
})

describe('a place that is taken', () => {
  test('a port in use', async () => {
    const flags = await alone('port')
    const port = Number(/:(\d+)$/.exec(flags[2]!)![1])
    const squatter = createServer().listen(port, '127.0.0.1')
    try {
      const { code, stderr } = await run(['server', ...flags])
      expect(stderr).toMatch(
        new RegExp(`cannot listen on .*${port}.*another process listens there`),
      )
      expect(code).toBe(1)
    } finally {
      squatter.close()
    }
  })

  test('a data directory that another process has, one of another cluster, and a damaged log', async () => {
    const cluster = await ProcessCluster.start(1)
    const [member] = cluster.members
    try {
      const flags = (await alone('m1')).map((flag) =>
        flag.startsWith('--data-dir=') ? `--data-dir=${member!.dataDir}` : flag,
      )
      const locked = await run(['server', ...flags])
      expect(locked.stderr).toMatch(/process \d+|pid \d+/i)
      expect(locked.code).toBe(1)

      const channel = new GrpcTransport().connect(member!.endpoint)
      for (let i = 0; i < 20; i++)
        await channel.call(KV.put, { key: Buffer.from(`k${i}`), value: Buffer.alloc(500, 'x') })
      channel.close()
      expect(await member!.end('SIGTERM')).toBe(0)

      const foreign = await run(['server', ...flags])
      expect(foreign.stderr).toMatch(/holds member .* but the flags describe/)
      expect(foreign.code).toBe(1)

      await damage(join(member!.dataDir, 'member', 'wal'))
      member!.start()
      await waitFor('it to refuse', () => !member!.isUp)
      expect(member!.stderr).toMatch(/^conclave: .*is broken in the middle.*\n$/)
    } finally {
      await cluster.stop()
    }
  }, 60_000)
})

/** Turns over a byte near the beginning of the log, far from its tail. */
async function damage(wal: string): Promise<void> {
  const [segment] = (await readdir(wal)).sort()
  const file = await open(join(wal, segment!), 'r+')
  const byte = Buffer.alloc(1)
  const at = 1000
  await file.read(byte, 0, 1, at)
  await file.write(Buffer.from([byte[0]! ^ 0xff]), 0, 1, at)
  await file.close()
}
