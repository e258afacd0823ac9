/** The process that runs one scenario of `npm run bench -- recipes`, so that its CPU time is its own. */

import { type Finding, stageOf } from './recipes/scenario.js'
import { SCENARIOS } from './recipes/table-of-scenarios.js'
import { serveParent } from './worker-process.js'

/** What to run, and on what. */
export interface RecipeTask {
  readonly scenario: string
  readonly library: 'etcd3' | 'conclave'
  readonly endpoints: readonly string[]
  readonly seconds: number
}

/** What came of it. */
export interface RecipeReport extends Finding {
  readonly cpuMicros: number
}

serveParent({
  async run({ scenario, library, endpoints, seconds }: RecipeTask): Promise<RecipeReport> {
    const { ours, rival } = SCENARIOS[scenario]!
    const run = library === 'etcd3' ? rival! : ours
    const { stage, end } = stageOf(endpoints, `${scenario}/${library}/`, seconds)
    const before = process.cpuUsage()
    try {
      const finding = await run(stage)
      const { user, system } = process.cpuUsage(before)
      return { ...finding, cpuMicros: user + system }
    } finally {
      end()
    }
  },
})
