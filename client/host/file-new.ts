/**
 * A file that is there whole or not at all.
 *
 * It is written under a name of its own beside its place, synced, and renamed; then the
 * directory is synced, so that the new name survives a power cut. Whatever goes wrong before
 * the rename, the unfinished file is removed and what stood in its place stays.
 */

import { randomUUID } from 'node:crypto'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Read and written by its owner alone: a database holds secrets. */
const MODE = 0o600

/**
 * Writes what `chunks` yields to the file at `path`, which it replaces.
 *
 * @throws whatever the disk or `chunks` says.
 */
export async function writeWhole(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const unfinished = `${path}.${randomUUID()}.part`
  const file = await open(unfinished, 'wx', MODE)
  try {
    try {
      for await (const chunk of chunks) await writeAll(file, chunk)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(unfinished, path)
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
  await syncDirectory(dirname(path))
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; )
    done += (await file.write(bytes, done, bytes.length - done)).bytesWritten
}

/** Windows cannot open directories, and keeps their entries by itself. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
