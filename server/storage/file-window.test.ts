/** Reading a file through a window, whatever pieces the disk gives. */

import { expect, test } from '@jest/globals'
import { SeededRandom } from '../../test/model/random.js'
import { randomFaults } from '../../test/sim/disk-faults.js'
import { FaultDisk } from '../../test/sim/fault-disk.js'
import { FileWindow } from './file-window.js'

test('gives every piece of a file, however short the reads are', async () => {
  const random = new SeededRandom(4)
  const disk = new FaultDisk()
  const content = random.bytes(5000)
  const file = await disk.mount().open('/a', 'create')
  await file.writeAt(0, [content])
  disk.faults = randomFaults(random, { short: 0.9 })
  const window = new FileWindow(file, 600)
  for (let count = 0; count < 300; count++) {
    const offset = random.between(0, 5200)
    const length = random.between(0, 1500)
    const expected = content.subarray(offset, offset + length)
    expect(Buffer.compare(await window.view(offset, length), expected)).toBe(0)
    if (expected.length === length) {
      const held = window.held(offset, length)
      if (held !== undefined) expect(Buffer.compare(held, expected)).toBe(0)
    }
  }
})

test('passes on what the disk throws', async () => {
  const disk = new FaultDisk()
  const file = await disk.mount().open('/a', 'create')
  await file.writeAt(0, [new Uint8Array(10)])
  disk.faults = (call) => (call.operation === 'read' ? 'EIO' : undefined)
  await expect(new FileWindow(file).view(0, 10)).rejects.toMatchObject({ code: 'EIO' })
})
