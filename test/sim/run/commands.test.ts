/** Batches, single lives, shrinks and canaries from end to end, with processes that live stub seeds. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { UsageError } from '../../command-line.js'
import { CANARIES } from '../canaries/canaries.js'
import { drawPlan } from '../swarm/plan.js'
import { runBatch } from './batch.js'
import { runCanary, searchTable } from './canary.js'
import { lostLife } from './job.js'
import { runOne } from './one.js'
import { type BatchCommand, readOptions } from './options.js'
import { readPlan } from './plan-file.js'
import { Progress } from './progress.js'
import { runShrink } from './shrink-command.js'
import { STUB_BUG_SEED, STUB_SEEDS } from './stub-seeds.js'

const program = pathToFileURL('dist/test/sim/run/stub-worker.js')
let directory: string
let written: string
/** Called after each write. */
let onWrite: (() => void) | undefined

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'conclave-batch-'))
  written = ''
  onWrite = undefined
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written += text
    onWrite?.()
    return true
  })
})
afterEach(() => {
  jest.restoreAllMocks()
  rmSync(directory, { recursive: true })
})

/** Where batches keep logs meanwhile. */
function temporary(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith(`conclave-sim-${process.pid}-`))
}

function batch(line: string): BatchCommand {
  return readOptions(line.split(' ')) as BatchCommand
}

describe('a batch', () => {
  test('in which every promise is kept ends with 0', async () => {
    expect(await runBatch(batch('--seeds 12 --jobs 2'), { program })).toBe(0)
    expect(written).toMatch(/passed\n.*12 passed, 0 failed, 1 lived twice/)
  })

  test('goes on after seeds that fail, each with the command that shows it again', async () => {
    const json = join(directory, 'report.json')
    const command = batch(`--seeds 8 --from ${STUB_SEEDS.dies} --jobs 2 --json ${json}`)
    const code = await runBatch(command, {
      program,
      wallLimitMs: 3_000,
      execArgv: ['--max-old-space-size=40'],
    })
    expect(code).toBe(1)
    const report = JSON.parse(readFileSync(json, 'utf8'))
    const rules = report.failures.map(
      ({ seed, rule }: Record<string, unknown>) => `${seed} ${rule}`,
    )
    expect(rules.sort()).toEqual([
      `${STUB_SEEDS.dies} died`,
      `${STUB_SEEDS.hangs} hung`,
      `${STUB_SEEDS.eats} memory`,
      `${STUB_SEEDS.throws} crash`,
      `${STUB_SEEDS.breaks} stale-read`,
      `${STUB_SEEDS.differs} determinism`,
    ])
    expect(report).toMatchObject({ passed: 2, failed: 6, from: 13 })
    expect(written).toMatch(/FAILED seed 17: stale-read\n {2}a read was stale\n {4}0 world begins/)
    expect(written).toMatch(/again: npm run sim -- --seed 17 --trace/)
    expect(written).toMatch(/line 2 is "1 m1 \d+ \d+" and then "1 m1 \d+ \d+"/)
  })

  test('that begins nothing proves nothing', async () => {
    expect(await runBatch(batch('--minutes 0.0000001'), { program })).toBe(1)
    expect(written).toMatch(/0 passed, 0 failed/)
  })

  test('ends with the report so far when it is interrupted', async () => {
    const command = batch(`--seeds 2 --from ${STUB_SEEDS.dies} --jobs 1`)
    // The first seed fails at once; the second never answers.
    onWrite = () => {
      onWrite = undefined
      process.emit('SIGINT')
    }
    expect(await runBatch(command, { program, wallLimitMs: 60_000 })).toBe(130)
    expect(written).toMatch(/0 passed, 1 failed/)
    expect(written).toMatch(/interrupted/)
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('is no success when %s ends it before a seed failed', async (signal, code) => {
    // Each seed that is done is told as progress; the interrupt comes at the first.
    onWrite = () => {
      onWrite = undefined
      process.emit(signal)
    }
    const [before, spy] = [temporary(), jest.spyOn(Progress.prototype, 'show')]
    spy.mockImplementation(() => void process.stdout.write('.'))
    expect(await runBatch(batch('--seeds 30 --jobs 1'), { program })).toBe(code)
    expect(written).toMatch(/^\.interrupted\n.*1 passed, 0 failed/)
    expect(temporary()).toEqual(before)
    expect(process.listenerCount(signal)).toBe(0)
  })

  test('is refused when its report cannot be written', async () => {
    const command = batch(`--seeds 1 --json ${join(directory, 'none', 'report.json')}`)
    await expect(runBatch(command, { program })).rejects.toThrow(UsageError)
    expect(written).toBe('')
  })
})

describe('one life', () => {
  test('ends with its verdict, and with the lines of its log', async () => {
    const command = { kind: 'one', trace: false, canary: undefined } as const
    expect(await runOne({ ...command, subject: { seed: 5 } }, { program })).toBe(0)
    expect(written).toMatch(/event log +3 lines, hash 5\n/)
    const subject = { seed: STUB_SEEDS.breaks }
    expect(await runOne({ ...command, subject }, { program })).toBe(1)
    expect(written).toMatch(/FAILED seed 17: stale-read/)
  })

  test('comes from a stored plan too, and a file without one is a mistake', async () => {
    const file = join(directory, 'plan.json')
    writeFileSync(file, JSON.stringify({ story: '', plan: drawPlan(STUB_SEEDS.breaks) }))
    const command = { kind: 'one', trace: false, canary: undefined } as const
    expect(await runOne({ ...command, subject: { file } }, { program })).toBe(1)
    writeFileSync(file, '{}')
    await expect(runOne({ ...command, subject: { file } }, { program })).rejects.toThrow(
      /holds no plan: print one with npm run sim -- --seed 1 --print-plan/,
    )
  })

  test('of a plan that lacks fields is a mistake that names them', async () => {
    const file = join(directory, 'plan.json')
    const { members: _, work, ...plan } = drawPlan(1)
    const { clients: __, ...rest } = work
    writeFileSync(file, JSON.stringify({ ...plan, work: rest, links: null, safetyMs: 'long' }))
    const command = { kind: 'one', trace: false, canary: undefined } as const
    const lived = runOne({ ...command, subject: { file } }, { program })
    await expect(lived).rejects.toThrow(UsageError)
    await expect(lived).rejects.toThrow(
      /lacks a value for members, safetyMs, links, work.clients: print one/,
    )
  })

  test('that was drawn lacks nothing, whatever its seed', () => {
    const file = join(directory, 'plan.json')
    for (let seed = 1; seed <= 50; seed++) {
      writeFileSync(file, JSON.stringify(drawPlan(seed)))
      expect(readPlan(file)).toEqual(drawPlan(seed))
    }
  })
})

describe('a shrink', () => {
  const means = { jobs: 2, minutes: 1 }

  test('remembers the smallest plan under its rule and seed', async () => {
    const subject = { seed: STUB_SEEDS.breaks }
    expect(await runShrink({ subject, ...means }, { program }, directory)).toBe(0)
    const remembered = JSON.parse(readFileSync(join(directory, 'stale-read-17.json'), 'utf8'))
    expect(remembered).toMatchObject({ seed: 17, rule: 'stale-read', story: '' })
    // The stub breaks its rule whatever the plan is.
    expect(remembered.plan).toMatchObject({ members: 1, tuning: {}, work: { clients: 1 } })
    expect(written).toMatch(/remembered in .*stale-read-17.json/)
  })

  test('of a life that keeps every promise has nothing to do', async () => {
    expect(await runShrink({ subject: { seed: 1 }, ...means }, { program }, directory)).toBe(1)
    expect(written).toMatch(/nothing to shrink/)
    expect(readdirSync(directory)).toEqual([])
  })
})

describe('a canary', () => {
  const command = { name: CANARIES[0]!.name, from: STUB_SEEDS.breaks, jobs: 2, minutes: undefined }
  const bugFor = (seed: number) => () => ({ env: { [STUB_BUG_SEED]: String(seed) } })

  test('is found by the first seed that fails with it and not without it', async () => {
    expect(await runCanary({ ...command, seeds: 3 }, { program }, bugFor(19))).toBe(0)
    expect(written).toMatch(/FAILED seed 19: stale-read/)
    expect(written).toMatch(/--seed 19 --canary [a-z-]+ --trace/)
    expect(written).toMatch(/: found by seed 19 \(stale-read\) after 3 seeds/)
  })

  test('that no seed finds is a failure', async () => {
    expect(await runCanary({ ...command, seeds: 3 }, { program }, bugFor(99))).toBe(1)
    expect(written).toMatch(/NOT FOUND in 3 seeds/)
  })

  test('that does not fit the code is a failure with its reason', async () => {
    const broken = () => ({ program: pathToFileURL('dist/test/sim/run/no-such-program.js') })
    expect(await runCanary({ ...command, seeds: 3 }, { program }, broken)).toBe(1)
    expect(written).toMatch(/DOES NOT FIT: .*no-such-program/s)
  })

  test('of an unknown name is a mistake that lists the names', async () => {
    const unknown = runCanary({ ...command, name: 'no-such-bug', seeds: 3 }, { program })
    await expect(unknown).rejects.toThrow(/there is no canary no-such-bug; there are /)
  })

  test('is a row of the table of all', () => {
    const search = { name: 'lost-write', seeds: 3, seconds: 1.25 }
    const violation = { rule: 'stale-read', message: '' }
    const found = { ...lostLife(19, '', ''), violation }
    const table = searchTable([
      { ...search, found },
      { ...search, found: undefined },
      { ...search, found: undefined, misfit: 'no such text' },
    ])
    expect(table.split('\n')).toEqual([
      '| Canary | Found as | By seed | Seeds | Seconds |',
      '| --- | --- | --: | --: | --: |',
      '| lost-write | stale-read | 19 | 3 | 1.3 |',
      '| lost-write | not found |  | 3 | 1.3 |',
      '| lost-write | does not fit |  | 3 | 1.3 |',
      '',
    ])
  })
})
