/** Ends and stops of processes, losses of power, and clocks that go wrong. */

import type { ClientProcess } from '../world/client-process.js'
import { type Episode, type Stage, some } from './episodes.js'
import type { PROCESS_FAULTS } from './fault-kinds.js'
import type { Fleet } from './fleet.js'
import type { Seat } from './seat.js'

/** A clock that is set wrong is wrong by at most this, in milliseconds, either way. */
const WALL_STEP_MS_MAX = 3_600_000
/** A drifting clock is this much faster or slower than it was, at most. */
export const DRIFT_MAX = 0.05

/** What each kind does. */
export function processFaults(
  fleet: Fleet,
): Readonly<Record<(typeof PROCESS_FAULTS)[number], Episode>> {
  return {
    kill: (stage) => down(stage, one(fleet, stage), (seat) => seat.machine.kill()),
    stop: (stage) => down(stage, one(fleet, stage), (seat) => seat.machine.stop()),
    powerLoss: (stage) => dark(stage, one(fleet, stage)),
    powerLossSome: (stage) => dark(stage, some(stage.random, fleet.targets)),
    powerLossAll: (stage) => dark(stage, fleet.targets),
    pause: (stage) => pause(stage, one(fleet, stage)[0]),
    clockFreeze: (stage) => freeze(stage, one(fleet, stage)[0]),
    clockDrift: (stage) => drift(stage, one(fleet, stage)[0]),
    wallStep: (stage) => stepWall(stage, one(fleet, stage)[0]),
    pauseClient: (stage) => pauseClient(stage, fleet.clients),
  }
}

/** A machine at random, the leader's more often than others. */
export function one(fleet: Fleet, { random }: Stage): Seat[] {
  const { leader, targets } = fleet
  if (leader !== undefined && random.chance(0.3)) return [leader]
  return targets.length === 0 ? [] : [random.pick(targets)]
}

function losePower(seat: Seat): Promise<void> {
  return seat.machine.powerLoss()
}

/** Ends members, and lets them stay down for a while: for the same while, or each for its own. */
async function down(
  stage: Stage,
  seats: readonly Seat[],
  end: (seat: Seat) => Promise<void>,
): Promise<void> {
  const together = stage.random.chance(0.5) ? stage.lasts() : undefined
  const held = seats.flatMap((seat) => {
    const hold = seat.isUp ? seat.hold(stage.kind, 'pause') : undefined
    return hold === undefined ? [] : [{ seat, hold }]
  })
  await Promise.all(
    held.map(async ({ seat, hold }) => {
      stage.did(seat.name, seat.machine.member?.isLeader ? 'the leader' : 'a member')
      await end(seat)
      await (together ?? stage.lasts())
      seat.restartAtMs = 0
      hold.release()
    }),
  )
}

/** As {@link down}; a machine whose process is down loses what was not synced as well. */
async function dark(stage: Stage, seats: readonly Seat[]): Promise<void> {
  const asleep = seats.filter(({ machine, booting }) => machine.member === undefined && !booting)
  for (const seat of asleep) {
    stage.did(seat.name, 'nobody runs there')
    await losePower(seat)
  }
  await down(stage, seats, losePower)
}

async function pause(stage: Stage, seat: Seat | undefined): Promise<void> {
  const hold = seat?.isUp ? seat.hold(stage.kind) : undefined
  if (seat === undefined || hold === undefined) return
  stage.did(seat.name, 'stands still')
  seat.machine.pause()
  await stage.lasts()
  if (!hold.isMine()) return
  seat.machine.resume()
  hold.release()
}

async function freeze(stage: Stage, seat: Seat | undefined): Promise<void> {
  if (!seat?.isUp || seat.machine.clock.isFrozen) return
  stage.did(seat.name, 'its clock stands still')
  seat.machine.clock.freeze()
  await stage.lasts()
  seat.machine.clock.thaw()
}

async function drift(stage: Stage, seat: Seat | undefined): Promise<void> {
  if (!seat?.isUp || !seat.beginDrift()) return
  const { rate } = seat.machine.clock
  const wrong = rate * (1 + (2 * stage.random.next() - 1) * DRIFT_MAX)
  stage.did(seat.name, `its clock runs at ${wrong.toFixed(4)}`)
  seat.machine.clock.rate = wrong
  await stage.lasts()
  seat.machine.clock.rate = rate
  seat.endDrift()
}

function stepWall(stage: Stage, seat: Seat | undefined): void {
  if (!seat?.isUp) return
  const ms = Math.round((2 * stage.random.next() - 1) * WALL_STEP_MS_MAX)
  stage.did(seat.name, `its wall clock steps by ${ms} ms`)
  seat.machine.clock.stepWall(ms)
}

async function pauseClient(stage: Stage, clients: readonly ClientProcess[]): Promise<void> {
  const client = stage.random.pick(clients)
  if (client.isPaused) return
  stage.did(client.name, 'stands still')
  client.pause()
  await stage.lasts()
  client.resume()
}
