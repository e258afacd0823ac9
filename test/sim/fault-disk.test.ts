/** The simulated disk does what it says: it loses, tears and fails as it is told. */

import { describe, expect, test } from '@jest/globals'
import type { Disk } from '../../server/host/disk.js'
import { SeededRandom } from '../model/random.js'
import { type DiskFault, type DiskOperation, randomFaults } from './disk-faults.js'
import { FaultDisk } from './fault-disk.js'

const SEEDS = 200

/** What happened over many seeds, and how often. */
async function tally(run: (seed: number) => Promise<string>): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (let seed = 1; seed <= SEEDS; seed++) {
    const outcome = await run(seed)
    counts[outcome] = (counts[outcome] ?? 0) + 1
  }
  return counts
}

/** Makes a file with durable content and name. */
async function makeFile(disk: Disk, path: string, content: Uint8Array): Promise<void> {
  const file = await disk.open(path, 'create')
  await file.writeAt(0, [content])
  await file.sync()
  await disk.syncDirectory('/')
  await file.close()
}

/** Fails the first call of a kind. */
function once(operation: DiskOperation, fault: DiskFault): FaultDisk['faults'] {
  let used = false
  return (call) => {
    if (used || call.operation !== operation) return undefined
    used = true
    return fault
  }
}

const filled = (length: number, value: number) => new Uint8Array(length).fill(value)

describe('a power failure', () => {
  test('keeps, loses or tears a write that was not synced, sector by sector', async () => {
    const counts = await tally(async (seed) => {
      const world = new FaultDisk({ seed })
      await makeFile(world.mount(), '/a', filled(1536, 1))
      const file = await world.mount().open('/a', 'write')
      await file.writeAt(0, [filled(1536, 2)])
      world.crash()
      const found = world.contents('/a')
      const sectors = [0, 512, 1024].map((at) => new Set(found.subarray(at, at + 512)))
      expect(sectors.every((values) => values.size === 1)).toBe(true)
      return sectors.map((values) => [...values][0]).join('')
    })
    expect(Object.keys(counts).sort()).toEqual([
      '111',
      '112',
      '121',
      '122',
      '211',
      '212',
      '221',
      '222',
    ])
  })

  test('never touches what was synced', async () => {
    await tally(async (seed) => {
      const world = new FaultDisk({ seed })
      const disk = world.mount()
      await makeFile(disk, '/a', filled(700, 1))
      const file = await disk.open('/a', 'write')
      await file.writeAt(700, [filled(1000, 2)])
      world.crash()
      expect(world.contents('/a').subarray(0, 700)).toEqual(filled(700, 1))
      return 'kept'
    })
  })

  test('may break the order of writes within a file, and leave zeros where only the size was kept', async () => {
    const counts = await tally(async (seed) => {
      const world = new FaultDisk({ seed })
      await makeFile(world.mount(), '/a', filled(0, 0))
      const file = await world.mount().open('/a', 'write')
      await file.writeAt(0, [filled(512, 1)])
      await file.writeAt(512, [filled(512, 2)])
      world.crash()
      const found = world.contents('/a')
      return [0, 512]
        .filter((at) => at < found.length)
        .map((at) => found[at])
        .join('')
    })
    expect(Object.keys(counts)).toEqual(expect.arrayContaining(['', '1', '12', '02', '0']))
  })

  test('may undo a truncation that was not synced', async () => {
    const counts = await tally(async (seed) => {
      const world = new FaultDisk({ seed })
      await makeFile(world.mount(), '/a', filled(1000, 1))
      await (await world.mount().open('/a', 'write')).truncate(10)
      world.crash()
      return String(world.contents('/a').length)
    })
    expect(Object.keys(counts).sort()).toEqual(['10', '1000'])
  })

  test('loses names apart from content, and a rename whole or not at all', async () => {
    const counts = await tally(async (seed) => {
      const world = new FaultDisk({ seed })
      const disk = world.mount()
      await makeFile(disk, '/old', filled(1, 1))
      const file = await disk.open('/new', 'create')
      await file.writeAt(0, [filled(1, 2)])
      await file.sync()
      await disk.rename('/new', '/old')
      world.crash()
      const names = await world.mount().list('/')
      return names.map((name) => `${name}=${world.contents(`/${name}`)[0]}`).join()
    })
    expect(Object.keys(counts).sort()).toEqual(['new=2,old=1', 'old=1', 'old=2'])
  })

  test('brings a removed file back when the directory was not synced, and never when it was', async () => {
    const run = (synced: boolean) => async (seed: number) => {
      const world = new FaultDisk({ seed })
      const disk = world.mount()
      await makeFile(disk, '/a', filled(1, 1))
      await disk.remove('/a')
      if (synced) await disk.syncDirectory('/')
      world.crash()
      return (await world.mount().list('/')).join()
    }
    expect(Object.keys(await tally(run(false))).sort()).toEqual(['', 'a'])
    expect(Object.keys(await tally(run(true)))).toEqual([''])
  })

  test('loses everything in a directory whose own name was lost', async () => {
    const counts = await tally(async (seed) => {
      const world = new FaultDisk({ seed })
      const disk = world.mount()
      await disk.makeDirectory('/d')
      await (await disk.open('/d/a', 'create')).close()
      await disk.syncDirectory('/d')
      world.crash()
      return (await world.mount().list('/')).join()
    })
    expect(Object.keys(counts).sort()).toEqual(['', 'd'])
  })
})

describe('a kill', () => {
  test('keeps what was written, frees locks, and leaves the calls of the process unanswered', async () => {
    const world = new FaultDisk()
    const disk = world.mount()
    await disk.makeDirectory('/d')
    await disk.lock('/d')
    const file = await disk.open('/d/a', 'create')
    await file.writeAt(0, [filled(3, 7)])
    let answered = false
    const ended = world.ended
    void file.sync().then(() => {
      answered = true
    })
    world.kill()
    await ended
    await new Promise((resolve) => setImmediate(resolve))
    expect(answered).toBe(false)
    expect(world.contents('/d/a')).toEqual(filled(3, 7))
    await (await world.mount().lock('/d'))()
    expect(world.names.list('/d')).toEqual(['a'])
  })

  test('may come at any point of any call', async () => {
    for (let stop = 1; stop <= 8; stop++) {
      const points: string[] = []
      const world = new FaultDisk({
        onPoint: ({ operation, phase }) => {
          if (points.push(`${operation} ${phase}`) === stop) world.crash()
        },
      })
      const { ended } = world
      await Promise.race([makeFile(world.mount(), '/a', filled(1, 1)), ended])
      expect(points.length).toBe(stop)
    }
  })
})

describe('injected faults', () => {
  test('a full disk takes what fits at most, and then says ENOSPC', async () => {
    const world = new FaultDisk({ capacityBytes: 1000 })
    const file = await world.mount().open('/a', 'create')
    await file.writeAt(0, [filled(900, 1)])
    await expect(file.writeAt(900, [filled(200, 2)])).rejects.toMatchObject({ code: 'ENOSPC' })
    expect(file.size).toBeLessThanOrEqual(1000)
    await file.writeAt(0, [filled(900, 3)])
    world.capacityBytes = 2000
    await file.writeAt(900, [filled(200, 2)])
  })

  test('a failed sync loses what it covered, whatever a second sync says', async () => {
    const counts = await tally(async (seed) => {
      const world = new FaultDisk({ seed })
      await makeFile(world.mount(), '/a', filled(4, 1))
      const file = await world.mount().open('/a', 'write')
      await file.writeAt(0, [filled(4, 2)])
      world.faults = once('sync', 'EIO')
      await expect(file.sync()).rejects.toMatchObject({ code: 'EIO' })
      const cached = (await file.readAt(0, 1))[0]
      await file.sync()
      world.crash()
      expect(world.contents('/a')).toEqual(filled(4, 1))
      return `cache ${cached}`
    })
    expect(Object.keys(counts).sort()).toEqual(['cache 1', 'cache 2'])
  })

  test('a lying sync says yes and does nothing', async () => {
    const counts = await tally(async (seed) => {
      const world = new FaultDisk({ seed, faults: once('sync', 'lie') })
      await makeFile(world.mount(), '/a', filled(4, 1))
      world.crash()
      return String(world.contents('/a').length)
    })
    expect(Object.keys(counts).sort()).toEqual(['0', '4'])
  })

  test('reads fail, come short, or have a wrong bit, once', async () => {
    const world = new FaultDisk({ seed: 3 })
    await makeFile(world.mount(), '/a', filled(100, 0))
    const file = await world.mount().open('/a', 'read')
    world.faults = once('read', 'EIO')
    await expect(file.readAt(0, 100)).rejects.toMatchObject({ code: 'EIO' })
    world.faults = once('read', 'short')
    expect((await file.readAt(0, 100)).length).toBeLessThan(100)
    world.faults = once('read', 'flip')
    expect(await file.readAt(0, 100)).not.toEqual(filled(100, 0))
    expect(await file.readAt(0, 100)).toEqual(filled(100, 0))
  })

  test('rot stays', async () => {
    const world = new FaultDisk()
    await makeFile(world.mount(), '/a', filled(100, 0))
    const offset = world.rot('/a', 50)
    expect(offset).toBeGreaterThanOrEqual(50)
    world.crash()
    expect(world.contents('/a')[offset]).not.toBe(0)
  })

  test('a misdirected write goes elsewhere in the file', async () => {
    const counts = await tally(async (seed) => {
      const world = new FaultDisk({ seed })
      await makeFile(world.mount(), '/a', filled(2048, 0))
      world.faults = once('write', 'misdirect')
      const file = await world.mount().open('/a', 'write')
      await file.writeAt(512, [filled(512, 1)])
      return String(world.contents('/a').indexOf(1))
    })
    expect(Object.keys(counts).length).toBeGreaterThan(2)
  })
})

describe('the seed', () => {
  test('decides everything: the same calls give the same disk', async () => {
    const run = async (seed: number) => {
      const plan = new SeededRandom(seed)
      const world = new FaultDisk({ seed, faults: randomFaults(plan, { EIO: 0.1, short: 0.2 }) })
      const seen: string[] = []
      for (let life = 0; life < 5; life++) {
        const disk = world.mount()
        for (let step = 0; step < 10; step++) {
          const path = `/${plan.between(1, 4)}`
          try {
            const file = await disk.open(path, plan.chance(0.5) ? 'create' : 'write')
            await file.writeAt(plan.between(0, 2000), [plan.bytes(plan.between(0, 900))])
            if (plan.chance(0.4)) await file.sync()
            if (plan.chance(0.4)) await disk.syncDirectory('/')
          } catch (error) {
            seen.push(String(error))
          }
        }
        world.crash()
        for (const [path, file] of world.names.files())
          seen.push(`${path} ${Buffer.from(file.read(0, file.size)).toString('base64')}`)
      }
      return seen
    }
    expect(await run(5)).toEqual(await run(5))
    expect(await run(5)).not.toEqual(await run(6))
  })
})
