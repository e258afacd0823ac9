/**
 * Disks that fail: errors, no room, stalls, wrong bits.
 *
 * A member must bear short reads and stalls, and end itself on the rest rather than go on
 * with a state that it cannot trust; the supervisor starts it again. What may cost a member
 * its data strikes only while a majority keeps its own (see {@link Fleet.mayDamage}).
 */

import { type DiskFault, type FaultPlan, isPossible } from '../disk-faults.js'
import type { Episode, Stage } from './episodes.js'
import type { DISK_FAULTS } from './fault-kinds.js'
import type { Fleet } from './fleet.js'
import { one } from './process-faults.js'
import { rotFile } from './rot.js'
import type { Seat } from './seat.js'

/** What is left of a full disk, in bytes. */
const ROOM_BYTES_MAX = 4_000
/** A member that runs hardly reads: in this share of the windows it is started anew, since a boot reads all. */
const BOOT_SHARE = 0.8

/** What each kind does. */
export function diskFaults(fleet: Fleet): Readonly<Record<(typeof DISK_FAULTS)[number], Episode>> {
  const seat = (stage: Stage) => one(fleet, stage)[0]
  return {
    readError: (stage) => reads(fleet, stage, seat(stage), 'EIO', ['read', 'open', 'list']),
    writeError: (stage) =>
      calls(stage, seat(stage), 'EIO', ['write', 'create', 'rename', 'truncate', 'remove']),
    syncError: (stage) => calls(stage, seat(stage), 'EIO', ['sync', 'syncDirectory']),
    noSpace: (stage) =>
      calls(stage, seat(stage), 'ENOSPC', ['create', 'write', 'makeDirectory', 'rename']),
    shortRead: (stage) => reads(fleet, stage, seat(stage), 'short', ['read']),
    diskFull: (stage) => full(stage, seat(stage)),
    commitError: (stage) => commits(stage, seat(stage)),
    diskStall: (stage) => stall(fleet, stage, seat(stage)),
    flip: (stage) => reads(fleet, stage, seat(stage), 'flip', ['read']),
    rot: (stage) => rot(fleet, stage, seat(stage)),
  }
}

/** Some calls of these operations fail. */
async function calls(
  stage: Stage,
  seat: Seat | undefined,
  fault: DiskFault,
  operations: readonly string[],
  begun: (seat: Seat) => Promise<void> = async () => {},
): Promise<void> {
  if (seat === undefined) return
  const { kind, random, settings } = stage
  let strikes = 0
  const plan: FaultPlan = ({ operation, path }) => {
    if (!isPossible(fault, operation) || !operations.includes(operation)) return undefined
    if (fault === 'flip' && isLastSegment(seat, path)) return undefined
    if (!random.chance(settings.rate)) return undefined
    strikes++
    return fault
  }
  if (!seat.beginFault(kind, plan)) return
  stage.tell(seat.name, `${fault} at ${settings.rate}`)
  await begun(seat)
  await stage.lasts()
  seat.endFault(kind)
  stage.struck(seat.name, strikes)
}

/** As {@link calls}; now and then the member is started anew, so that it reads. */
function reads(
  fleet: Fleet,
  stage: Stage,
  seat: Seat | undefined,
  fault: DiskFault,
  operations: readonly string[],
): Promise<void> {
  return calls(stage, seat, fault, operations, async (it) => {
    if (stage.random.chance(BOOT_SHARE)) await startAnew(fleet, stage, it)
  })
}

async function startAnew(fleet: Fleet, { kind, random }: Stage, seat: Seat): Promise<void> {
  const hold = seat.isUp ? seat.hold(kind) : undefined
  if (hold === undefined) return
  await (random.chance(0.5) ? seat.machine.kill() : seat.machine.stop())
  hold.release()
  fleet.startNow(seat)
}

/** Some commits of the backend fail. */
async function commits(stage: Stage, seat: Seat | undefined): Promise<void> {
  if (!seat?.beginHarm(stage.kind)) return
  const { random, settings } = stage
  let strikes = 0
  seat.machine.commitFaults = () => {
    if (!random.chance(settings.rate)) return undefined
    strikes++
    return random.pick(['EIO', 'ENOSPC'])
  }
  stage.tell(seat.name, `commits fail at ${settings.rate}`)
  await stage.lasts()
  seat.machine.commitFaults = () => undefined
  seat.endHarm(stage.kind)
  stage.struck(seat.name, strikes)
}

async function full(stage: Stage, seat: Seat | undefined): Promise<void> {
  if (!seat?.beginHarm(stage.kind)) return
  const { machine } = seat
  const { disk } = machine
  const before = disk.writesBeyondCapacity
  disk.capacityBytes = disk.usedBytes + stage.random.between(0, ROOM_BYTES_MAX)
  stage.tell(seat.name, `has room for ${disk.capacityBytes - disk.usedBytes} bytes`)
  await stage.lasts()
  // Another disk has taken over the bound if the machine was replaced meanwhile.
  machine.disk.capacityBytes = Number.POSITIVE_INFINITY
  seat.endHarm(stage.kind)
  stage.struck(seat.name, disk.writesBeyondCapacity - before)
}

/** Nothing that the storage is asked from now on ends before the stall does. */
function stall(fleet: Fleet, stage: Stage, seat: Seat | undefined): void {
  if (seat === undefined) return
  const { clock } = fleet.world
  const { device } = seat.machine
  const ms = stage.drawMs(stage.settings.forMs)
  if (clock.now() < device.stallUntilMs || ms <= 0) return
  device.stallUntilMs = clock.now() + ms
  stage.did(seat.name, `its disk stands still for ${ms.toFixed(0)} ms`)
}

/**
 * Wrong bits are spared to the last segment of the log: there a wrong bit cannot be told
 * from a write that a crash cut off, and no member promises to see it.
 */
function isLastSegment({ machine }: Seat, path: string): boolean {
  if (!path.endsWith('.log')) return false
  const directory = path.slice(0, path.lastIndexOf('/'))
  const segments = machine.disk.names.list(directory).filter((name) => name.endsWith('.log'))
  return path.endsWith(`/${segments.at(-1)}`)
}

/** A bit on the medium turns over for good while the machine is down. */
async function rot(fleet: Fleet, stage: Stage, seat: Seat | undefined): Promise<void> {
  if (seat === undefined || !seat.isUp || !fleet.mayDamage(seat)) return
  const hold = seat.hold(stage.kind)
  if (hold === undefined) return
  await (stage.random.chance(0.5) ? seat.machine.kill() : seat.machine.stop())
  // The budget may have shrunk while it went down.
  const where = fleet.mayDamage(seat) ? await rotFile(seat, stage.random) : undefined
  if (where !== undefined) {
    seat.suspect = true
    stage.did(seat.name, `${where} rots`)
  }
  await stage.lasts()
  seat.restartAtMs = 0
  hold.release()
}
