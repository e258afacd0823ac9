/** How far the nodes of a life are from each other: near or far, drawn once for each pair. */

import type { World } from '../world/world.js'
import type { LinksPlan } from './plan.js'

/** Sets the latencies of all links among the machines and processes that there are; again when more have come. */
export function layOut(world: World, links: LinksPlan): void {
  const machines = world.machines.map(({ name }) => name)
  const nodes = [...machines, ...world.processes.map(({ name }) => name)]
  for (const a of nodes)
    for (const b of machines) {
      if (a === b) continue
      const [first, second] = a < b ? [a, b] : [b, a]
      const isFar = world.fork(`distance ${first} ${second}`).chance(links.farShare)
      const { minMs, meanMs } = isFar ? links.far : links.near
      for (const link of [world.network.link(a, b), world.network.link(b, a)]) {
        link.latencyMsMin = minMs
        link.latencyMsMean = meanMs
      }
    }
}
