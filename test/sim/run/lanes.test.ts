/** Seeds over processes: each once, every tenth twice, and a difference is named by its line. */

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type Job, lostLife, type Outcome } from './job.js'
import { runInLanes, type SeedRunner } from './lanes.js'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'conclave-lanes-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

/** A process whose event logs are what `linesOf` says; it keeps the seeds that it lived. */
class StubRunner implements SeedRunner {
  readonly lived: number[] = []
  readonly #linesOf: (seed: number) => string[]

  constructor(linesOf: (seed: number) => string[] = (seed) => [`seed ${seed}`]) {
    this.#linesOf = linesOf
  }

  async run({ life, trace }: Job): Promise<Outcome> {
    const seed = 'plan' in life ? life.plan.seed : life.seed
    this.lived.push(seed)
    const lines = this.#linesOf(seed)
    if (typeof trace === 'object') writeFileSync(trace.file, `${lines.join('\n')}\n`)
    const { violation: _, ...rest } = lostLife(seed, '', '')
    const logHash = lines.join().length
    return {
      life: { ...rest, logHash, logLines: lines.length },
      cost: { cpuMs: 1, memoryBytes: 1 },
    }
  }
}

async function run(processes: SeedRunner[], from: number, to: number) {
  const heard: { seed: number; rule: string | undefined; message: string; isAgain: boolean }[] = []
  let seed = from
  await runInLanes({
    processes,
    directory,
    next: () => (seed <= to ? { seed: seed++ } : undefined),
    onOutcome: ({ life }, isAgain) =>
      heard.push({
        seed: life.seed,
        rule: life.violation?.rule,
        message: life.violation?.message ?? '',
        isAgain,
      }),
  })
  return heard
}

describe('seeds over processes', () => {
  test('are each lived once, and every tenth a second time in another process', async () => {
    const processes = [new StubRunner(), new StubRunner()]
    const heard = await run(processes, 1, 20)
    expect(
      heard
        .filter(({ isAgain }) => !isAgain)
        .map(({ seed }) => seed)
        .sort((a, b) => a - b),
    ).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
    expect(heard.filter(({ isAgain }) => isAgain).map(({ seed }) => seed)).toEqual([10, 20])
    for (const { lived } of processes) expect(lived).toContain(10)
    expect(heard.every(({ rule }) => rule === undefined)).toBe(true)
    expect(readdirSync(directory)).toEqual([])
  })

  test('are lived twice by the only process when there is no other', async () => {
    const only = new StubRunner()
    await run([only], 9, 11)
    expect(only.lived.filter((seed) => seed === 10)).toHaveLength(2)
  })

  test('break determinism when two lives differ, with the first line that does', async () => {
    let lives = 0
    const fickle = new StubRunner(() => ['begins', `life ${'x'.repeat(++lives)}`, 'ends'])
    const heard = await run([fickle], 10, 10)
    expect(heard.map(({ rule }) => rule)).toEqual([undefined, 'determinism'])
    expect(heard[1]?.message).toMatch(/line 2 is "life x" and then "life xx"/)
  })

  test('break determinism when one log is longer', async () => {
    let lives = 0
    const fickle = new StubRunner(() => (lives++ === 0 ? ['begins'] : ['begins', 'and goes on']))
    const heard = await run([fickle], 10, 10)
    expect(heard[1]?.message).toMatch(/line 2 is "" and then "and goes on"/)
  })

  test('that fail the same way twice are told once', async () => {
    const broken: SeedRunner = {
      async run(job) {
        const outcome = await new StubRunner().run(job)
        const violation = { rule: 'stale-read', message: 'stale' }
        return { ...outcome, life: { ...outcome.life, violation } }
      },
    }
    const heard = await run([broken], 10, 10)
    expect(heard.map(({ rule }) => rule)).toEqual(['stale-read', undefined])
  })
})
