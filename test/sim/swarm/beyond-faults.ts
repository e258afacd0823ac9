/**
 * What no cluster promises to survive: disks that lie about their syncs, a majority that
 * starts over with empty disks, damage of every copy. Afterwards members may halt, and may
 * have forgotten; what they must not do is in test/check/safe-halt.ts.
 */

import { type Episode, type Stage, shuffled } from './episodes.js'
import type { BeyondPromise, FaultSettings } from './fault-kinds.js'
import type { Fleet } from './fleet.js'
import { rotFile } from './rot.js'
import type { Seat } from './seat.js'

/** How often the promise is exceeded, and how long disks lie before the power fails. */
export const BEYOND_SETTINGS: FaultSettings = { everyMs: 8_000, forMs: 3_000, rate: 0.7 }

/** What each way of exceeding the promise does, once. */
export const BEYOND: Readonly<Record<BeyondPromise, (fleet: Fleet) => Episode>> = {
  lyingDisks: (fleet) => (stage) => lie(fleet, stage),
  majorityWiped: (fleet) => (stage) => wipe(fleet, stage),
  rotEverywhere: (fleet) => (stage) => rot(fleet, stage),
}

/** Syncs of all do nothing for a while, then the power fails everywhere. */
async function lie(fleet: Fleet, stage: Stage): Promise<void> {
  const { kind, random, settings } = stage
  const isSync = (operation: string) => operation === 'sync' || operation === 'syncDirectory'
  const liars = fleet.targets.filter((seat) =>
    seat.beginFault(kind, ({ operation }) =>
      isSync(operation) && random.chance(settings.rate) ? 'lie' : undefined,
    ),
  )
  await stage.lasts()
  for (const seat of liars) {
    stage.did(seat.name, 'loses what its disk had lied about')
    seat.suspect = true
    await seat.machine.powerLoss()
    seat.endFault(kind)
  }
}

/** A majority loses its disks, and is started as at the founding. */
async function wipe(fleet: Fleet, stage: Stage): Promise<void> {
  await struck(fleet, stage, async (seat) => {
    seat.machine.wipe()
    seat.bootOptions = { initialClusterState: 'new' }
    return 'its disk is empty'
  })
}

/** Bits of all copies turn over, the last append not spared. */
async function rot(fleet: Fleet, stage: Stage): Promise<void> {
  await struck(fleet, stage, async (seat) => {
    const places: (string | undefined)[] = []
    for (let bits = stage.random.between(1, 5); bits > 0; bits--)
      places.push(await rotFile(seat, stage.random, { spareLast: false }))
    return places.join(', ')
  })
}

/** Strikes a majority, or all, while they are down. */
async function struck(
  fleet: Fleet,
  stage: Stage,
  strike: (seat: Seat) => Promise<string>,
): Promise<void> {
  const seats = shuffled(stage.random, fleet.targets)
  const majority = Math.floor(seats.length / 2) + 1
  for (const seat of seats.slice(0, stage.random.between(majority, seats.length))) {
    const hold = seat.isUp ? seat.hold(stage.kind, 'pause') : undefined
    if (hold === undefined) continue
    await seat.machine.powerLoss()
    stage.did(seat.name, await strike(seat))
    seat.suspect = true
    hold.release()
  }
}
