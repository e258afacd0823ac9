/** One process per data directory: real processes, killed and raced, fight for the lock. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { transform } from '@swc/core'
import { NodeDisk } from './disk-node.js'

/** Takes the lock, says who has it, and goes when its input ends, or is killed. */
const STARTER = `
import { NodeDisk } from './disk-node.js'
try {
  const release = await new NodeDisk().lock(process.argv[2])
  console.log('held')
  process.stdin.on('end', async () => { await release(); process.exit(0) }).resume()
} catch (error) {
  console.log(error.code, error.message)
  process.exit(0)
}
`

let root: string
let program: string
let count = 0
const children: ChildProcess[] = []

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lock-'))
  program = join(root, 'starter.js')
  await writeFile(join(root, 'package.json'), '{"type":"module"}')
  await writeFile(program, STARTER)
  for (const name of ['disk-node', 'disk-lock', 'disk-error']) {
    const source = await readFile(join('server', 'host', `${name}.ts`), 'utf8')
    const parser = { syntax: 'typescript' } as const
    const { code } = await transform(source, { jsc: { target: 'es2022', parser } })
    await writeFile(join(root, `${name}.js`), code)
  }
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})
afterAll(() => rm(root, { recursive: true }))

async function newDirectory(): Promise<string> {
  const directory = join(root, `d${++count}`)
  await mkdir(directory)
  return directory
}

/** Starts a process and waits for what it says: `held`, or why not. */
async function start(directory: string): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, [program, directory], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  children.push(child)
  const [said] = (await once(child.stdout!, 'data')) as [Buffer]
  return { child, said: said.toString().trim() }
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

describe('the lock of a directory', () => {
  test('keeps another process out and names the holder, until it is given back', async () => {
    const directory = await newDirectory()
    const release = await new NodeDisk().lock(directory)
    const { said } = await start(directory)
    expect(said).toContain('ELOCKED')
    expect(said).toContain(`process ${process.pid} `)
    await release()
    expect((await start(directory)).said).toBe('held')
  })

  test('is free again when its holder was killed, and leaves nothing behind', async () => {
    const directory = await newDirectory()
    const { child, said } = await start(directory)
    expect(said).toBe('held')
    const refused = new NodeDisk().lock(directory)
    await expect(refused).rejects.toMatchObject({ code: 'ELOCKED' })
    await expect(refused).rejects.toThrow(`process ${child.pid} `)
    await kill(child)
    const release = await new NodeDisk().lock(directory)
    expect(await readdir(directory)).toHaveLength(1)
    await release()
    expect(await readdir(directory)).toEqual([])
  })

  test('goes to exactly one of many that start together over a stale one', async () => {
    const directory = await newDirectory()
    for (let round = 0; round < 3; round++) {
      const starters = await Promise.all(Array.from({ length: 6 }, () => start(directory)))
      const holders = starters.filter(({ said }) => said === 'held')
      expect(holders).toHaveLength(1)
      await kill(holders[0]!.child)
    }
  })

  test('is not kept by a process that has the pid of the holder but is another', async () => {
    const directory = await newDirectory()
    const own = await new NodeDisk().lock(directory)
    const [ticket] = await readdir(directory)
    await own()
    const other = ticket!.replace(/[0-9]+$/, (ticks) => `${Number(ticks) - 1}`)
    await writeFile(join(directory, other), 'held\n')
    const release = await new NodeDisk().lock(directory)
    expect(await readdir(directory)).toEqual([ticket])
    await release()
  })
})

describe('the real disk', () => {
  test('makes directories and files for their owner only', async () => {
    const disk = new NodeDisk()
    const directory = join(root, 'private', 'deep')
    await disk.makeDirectory(directory)
    await (await disk.open(join(directory, 'a'), 'create')).close()
    const mode = async (path: string) => (await stat(path)).mode & 0o777
    expect(await mode(join(root, 'private'))).toBe(0o700)
    expect(await mode(directory)).toBe(0o700)
    expect(await mode(join(directory, 'a'))).toBe(0o600)
  })
})
