/**
 * Which process opened a loopback connection: Linux tells it in /proc.
 *
 *     /proc/net/tcp       local and remote address of every connection, and its inode
 *     /proc/<pid>/fd/*    the inodes that a process has open, as `socket:[<inode>]`
 */

import { readdir, readFile, readlink } from 'node:fs/promises'

const LOCAL = 1
const REMOTE = 2
const INODE = 9

/**
 * The name whose process has the connection from `port` to `toPort` open; undefined when
 * none of them has, or has no more.
 */
export async function ownerOf(
  port: number,
  toPort: number,
  processes: ReadonlyMap<string, number>,
): Promise<string | undefined> {
  const inode = await inodeOf(port, toPort)
  if (inode === undefined) return undefined
  for (const [name, pid] of processes)
    if ((await socketsOf(pid)).includes(`socket:[${inode}]`)) return name
  return undefined
}

async function inodeOf(port: number, toPort: number): Promise<string | undefined> {
  const rows = (await readFile('/proc/net/tcp', 'utf8')).split('\n').slice(1)
  const columns = rows.map((row) => row.trim().split(/\s+/))
  return columns.find(
    (column) => portOf(column[LOCAL]) === port && portOf(column[REMOTE]) === toPort,
  )?.[INODE]
}

/** `0100007F:1F90`: address and port in hexadecimal. */
function portOf(address: string | undefined): number {
  return Number.parseInt(address?.split(':')[1] ?? '', 16)
}

async function socketsOf(pid: number): Promise<string[]> {
  const directory = `/proc/${pid}/fd`
  try {
    const names = await readdir(directory)
    return await Promise.all(names.map((name) => readlink(`${directory}/${name}`).catch(() => '')))
  } catch {
    // The process has ended.
    return []
  }
}
