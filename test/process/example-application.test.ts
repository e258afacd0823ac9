/** The application of the examples runs embedded and on etcd, and they end by themselves. */

import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { findEtcd } from '../compat/etcd-process.js'

/** Runs an example to its end. */
async function run(name: string, env: NodeJS.ProcessEnv = {}) {
  const program = resolve(`dist/examples/${name}/main.js`)
  const child = spawn(process.execPath, [program], { env: { ...process.env, ...env } })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      output += text
    })
  const code = await new Promise((done) => child.once('close', done))
  return { code, output }
}

describe('the application', () => {
  test('with its server in the same process: its configuration outlives it', async () => {
    const { code, output } = await run('embedded')
    expect(output).toMatch(/visit 1.*it is back.*does mail.*visit 2.*outlived the process/s)
    expect(code).toBe(0)
  }, 60_000)

  const etcd = findEtcd()
  const ifEtcd = etcd === undefined ? test.skip : test
  ifEtcd(
    'on etcd: does the same',
    async () => {
      const { code, output } = await run('with-etcd', { CONCLAVE_ENDPOINTS: '' })
      expect(output).toMatch(/visit 1.*it is back.*does mail.*runs on both/s)
      expect(code).toBe(0)
    },
    60_000,
  )

  test('without etcd: says what to do', async () => {
    const { code, output } = await run('with-etcd', {
      CONCLAVE_ENDPOINTS: '',
      ETCD_BIN: resolve('no/such/etcd'),
    })
    expect(output).toContain('There is no etcd here')
    expect(code).toBe(1)
  }, 60_000)
})
