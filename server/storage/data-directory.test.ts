/** The data directory: made durably, and owned by one. */

import { describe, expect, test } from '@jest/globals'
import { FaultDisk } from '../../test/sim/fault-disk.js'
import { DataDirectory } from './data-directory.js'

describe('a data directory', () => {
  test('is made with its rooms, and survives a power failure once it is open', async () => {
    for (let seed = 1; seed <= 50; seed++) {
      const disk = new FaultDisk({ seed })
      const directory = await DataDirectory.open(disk.mount(), '/var/lib/member1')
      expect(directory).toMatchObject({
        path: '/var/lib/member1',
        walDirectory: '/var/lib/member1/member/wal',
        snapshotDirectory: '/var/lib/member1/member/snap',
        databasePath: '/var/lib/member1/member/db',
      })
      disk.crash()
      expect(await disk.mount().list('/var/lib/member1/member')).toEqual(['snap', 'wal'])
    }
  })

  test('belongs to one process, which the other is told', async () => {
    const disk = new FaultDisk().mount()
    const directory = await DataDirectory.open(disk, '/data')
    const second = DataDirectory.open(disk, '/data')
    await expect(second).rejects.toMatchObject({ name: 'DataDirectoryError', code: 'ELOCKED' })
    await expect(second).rejects.toThrow(
      /^The data directory \/data is in use \(.*process 0.*\)\. Stop that process, or choose another directory\.$/,
    )
    await directory.close()
    await directory.close()
    await (await DataDirectory.open(disk, '/data')).close()
  })

  test('says what to do when it cannot be made, and keeps no lock', async () => {
    const world = new FaultDisk()
    const disk = world.mount()
    await (await disk.open('/data', 'create')).close()
    await expect(DataDirectory.open(disk, '/data')).rejects.toThrow('a file is in its place')
    world.faults = ({ path, operation }) =>
      operation === 'makeDirectory' && path.endsWith('snap') ? 'ENOSPC' : undefined
    await expect(DataDirectory.open(disk, '/other')).rejects.toThrow('the disk is full')
    world.faults = () => undefined
    await (await DataDirectory.open(disk, '/other')).close()
  })
})
