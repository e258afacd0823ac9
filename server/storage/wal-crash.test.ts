/** The log over many lives: after any crash, kill or disk error it holds what it acknowledged. */

import { describe, expect, test } from '@jest/globals'
import { liveWal, type WalLivesOptions } from '../../test/sim/wal-lives.js'
import { type RotOutcome, rotWal } from '../../test/sim/wal-rot.js'

/** More by `SEEDS=100000`. Each is six lives with a crash, a kill or a failing disk at the end. */
const SEEDS = Number(process.env['SEEDS'] ?? 1000)
const TIMEOUT_MS = 60_000 + SEEDS * 60

/** Runs seeds until one finds something broken. */
async function findBroken(
  count: number,
  options: WalLivesOptions = {},
): Promise<string | undefined> {
  for (let seed = 1; seed <= count; seed++) {
    const broken = await liveWal(seed, options)
    if (broken !== undefined) return broken
  }
  return undefined
}

async function rotMany(count: number, closeInPeace: boolean): Promise<Map<RotOutcome, number>> {
  const outcomes = new Map<RotOutcome, number>()
  for (let seed = 1; seed <= count; seed++) {
    const outcome = await rotWal(seed, closeInPeace)
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }
  return outcomes
}

describe('a log that is crashed, killed or failed by its disk at any call', () => {
  test(
    'comes back as one of its appends left it, with everything acknowledged, and never refuses',
    async () => {
      expect(await findBroken(SEEDS)).toBeUndefined()
    },
    TIMEOUT_MS,
  )

  test(
    'stands errors, short reads and full disks all the time',
    async () => {
      const rates = { EIO: 0.05, ENOSPC: 0.02, short: 0.8 }
      expect(await findBroken(SEEDS / 4, { rates, lives: 10 })).toBeUndefined()
    },
    TIMEOUT_MS,
  )
})

describe('the judge', () => {
  const rates = { lie: 1, EIO: 0, ENOSPC: 0 }

  test('convicts a log that forgets to sync its directory', async () => {
    expect(await findBroken(100, { rates, lieOnly: 'syncDirectory' })).toBeDefined()
  })

  test('convicts a log that acknowledges before its file is synced', async () => {
    expect(await findBroken(100, { rates, lieOnly: 'sync' })).toBeDefined()
  })
})

describe('a log that loses a bit on the medium', () => {
  test('refuses, or comes back whole, or without the last append at most', async () => {
    const outcomes = await rotMany(500, false)
    expect(outcomes.get('refused')).toBeGreaterThan(250)
  })

  test('does not lose even the last append when it was closed in peace', async () => {
    const outcomes = await rotMany(500, true)
    expect(outcomes.get('refused')).toBeGreaterThan(400)
  })
})
