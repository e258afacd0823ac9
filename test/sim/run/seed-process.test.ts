/** Processes that live seeds: they die, hang and run out of memory, and the next seed goes on. */

import { pathToFileURL } from 'node:url'
import { afterEach, describe, expect, test } from '@jest/globals'
import { SeedProcess, type SeedProcessOptions, StartError } from './seed-process.js'
import { STUB_SEEDS } from './stub-seeds.js'

const program = pathToFileURL('dist/test/sim/run/stub-worker.js')
const started: SeedProcess[] = []

function startStub(options: SeedProcessOptions = {}): SeedProcess {
  const stub = new SeedProcess({ program, ...options })
  started.push(stub)
  return stub
}

afterEach(() => {
  for (const stub of started.splice(0)) stub.kill()
})

/** The rule that this seed breaks in this process. */
async function ruleOf(stub: SeedProcess, seed: number): Promise<string | undefined> {
  return (await stub.run({ life: { seed } }))?.life.violation?.rule
}

describe('a process that lives seeds', () => {
  test('tells what a life was like and what it cost', async () => {
    const outcome = await startStub().run({ life: { seed: 5 } })
    expect(outcome?.life).toMatchObject({ seed: 5, simulatedMs: 60_000, faults: { partition: 5 } })
    expect(outcome?.life.violation).toBeUndefined()
    expect(outcome?.cost.memoryBytes).toBeGreaterThan(1e6)
  })

  test('that dies has failed its seed, and another takes over', async () => {
    const stub = startStub()
    expect(await ruleOf(stub, STUB_SEEDS.dies)).toBe('died')
    expect(await ruleOf(stub, 1)).toBeUndefined()
  })

  test('that does not answer is ended, and another takes over', async () => {
    const stub = startStub({ wallLimitMs: 1_500 })
    const outcome = await stub.run({ life: { seed: STUB_SEEDS.hangs } })
    expect(outcome?.life.violation).toEqual({
      rule: 'hung',
      message: 'the process did not answer within 1.5 s',
    })
    expect(await ruleOf(stub, 1)).toBeUndefined()
  })

  test('that runs out of memory says so, and another takes over', async () => {
    const stub = startStub({ execArgv: ['--max-old-space-size=40'] })
    expect(await ruleOf(stub, STUB_SEEDS.eats)).toBe('memory')
    expect(await ruleOf(stub, 1)).toBeUndefined()
  })

  test('makes a failure of what a life throws', async () => {
    const outcome = await startStub().run({ life: { seed: STUB_SEEDS.throws } })
    expect(outcome?.life.violation?.rule).toBe('crash')
    expect(outcome?.life.violation?.message).toMatch(/the world broke/)
  })

  test('that holds too much is replaced by a new one after its seed', async () => {
    const stub = startStub({ memoryBytesMax: 1 })
    const first = await stub.run({ life: { seed: STUB_SEEDS.differs } })
    const second = await stub.run({ life: { seed: STUB_SEEDS.differs } })
    // The line names the process and counts its lives.
    expect(first?.life.lastEvents[1]).toMatch(/ 1$/)
    expect(second?.life.lastEvents[1]).toMatch(/ 1$/)
  })

  test('has no outcome any more once it was killed', async () => {
    const stub = startStub()
    const running = stub.run({ life: { seed: STUB_SEEDS.hangs } })
    stub.kill()
    expect(await running).toBeUndefined()
    expect(await stub.run({ life: { seed: 1 } })).toBeUndefined()
  })

  test('that cannot be started is no failure of a seed', async () => {
    const stub = startStub({ program: pathToFileURL('dist/test/sim/run/no-such-program.js') })
    const run = stub.run({ life: { seed: 1 } })
    await expect(run).rejects.toThrow(StartError)
    await expect(run).rejects.toThrow(/does not start: [\s\S]*no-such-program/)
  })
})
