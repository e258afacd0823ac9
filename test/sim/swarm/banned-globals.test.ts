/** A life in which somebody asks the real machine fails, whatever becomes of the refusal. */

import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'

const built = (path: string) => JSON.stringify(pathToFileURL(resolve('dist/test/sim', path)).href)
const run = promisify(execFile)

test('a refusal that was caught is the violation of its life, and of no other', async () => {
  // The offence stands on the seventh line.
  const program = `import { banGlobals } from ${built('world/banned.js')}
    import { live } from ${built('swarm/life.js')}
    import { drawPlan } from ${built('swarm/plan.js')}
    const { log } = console
    const plan = { ...drawPlan(1), safetyMs: 500 }
    banGlobals()
    const careless = () => { try { Math.random() } catch {} }
    const convicted = await live(plan, { onLine: careless })
    const later = await live(plan)
    log(JSON.stringify([convicted.violation, later.violation ?? 'none']))`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program])
  const [violation, later] = JSON.parse(stdout)
  expect(violation.rule).toBe('banned global')
  expect(violation.message).toMatch(/^Math.random is banned in the simulated world: called at/)
  expect(violation.message).toContain('[eval1]:7:')
  expect(later).toBe('none')
}, 30_000)
