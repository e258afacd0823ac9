/** Slots of schedulers on every kind of server. */

import { expect, test } from '@jest/globals'
import { RunCoordinator } from '../../../recipes/index.js'
import { onServers } from './on-servers.js'

onServers((server) => {
  test('each of many slots goes to one of three', async () => {
    const nodes = [1, 2, 3].map(() => new RunCoordinator(server.client(), { prefix: 'slots' }))
    for (let slot = 0; slot < 10; slot++) {
      const asked = nodes.map((node) => node.shouldRun(`report:${slot}`, 30_000))
      const answers = await Promise.all(asked)
      expect(answers.filter((isOurs) => isOurs)).toHaveLength(1)
    }
    for (const node of nodes) expect(await node.shouldRun('report:0', 30_000)).toBe(false)
  })
})
