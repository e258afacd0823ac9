/**
 * One process per directory, without native code and without a stale lock after SIGKILL.
 *
 * Every process that wants the directory puts a ticket into it: a file whose name says
 * which process it is, exactly (pid, start time, boot), so a name is never used twice.
 *
 *     make own ticket -> list all tickets -> none of another living process? mine
 *
 * Of two processes, one makes its ticket second, and when it lists, the first one's ticket
 * is there: so never do both hold. A ticket of a dead process is removed by whoever sees
 * it, which is safe at any time because that process cannot come back. The race of
 * replacing one shared stale lock file does not exist here.
 *
 * Two that start together would both give up; so a ticket also says whether it holds, and
 * of those that do not yet, the one whose name sorts first waits for the others to go.
 *
 * Start time and boot are known where /proc is (Linux). Elsewhere a foreign pid that is in
 * use counts as alive. Processes must see each other: containers that share a volume but
 * not a pid namespace do not exclude each other this way.
 */

import { readFileSync } from 'node:fs'
import { open, readdir, readFile, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Release } from './disk.js'
import { DiskError } from './disk-error.js'

const PREFIX = 'LOCK.'
const HELD = 'held\n'

/** How long another starter that came second may take to give up, in waits of {@link WAIT_MS}. */
const WAITS_MAX = 500
const WAIT_MS = 10

/** A process, told apart from all others that had or will have its pid. */
interface Incarnation {
  readonly pid: number
  /** Start of the process: `<boot>-<clock ticks>` on Linux, `t<milliseconds>` elsewhere. */
  readonly start: string
}

/** Takes the directory; {@link DiskError} ELOCKED, naming the holder, when another process has it. */
export async function lockDirectory(directory: string): Promise<Release> {
  const own = ticketName(self())
  const path = join(directory, own)
  try {
    await (await open(path, 'wx', 0o600)).close()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw lockedBy(process.pid, directory)
    throw error
  }
  try {
    await contend(directory, own)
    await writeFile(path, HELD)
  } catch (error) {
    await remove(path)
    throw error
  }
  return () => remove(path)
}

/** Resolves when no other living process has a ticket. */
async function contend(directory: string, own: string): Promise<void> {
  for (let waits = 0; ; waits++) {
    const others = await livingTickets(directory, own)
    if (others.length === 0) return
    for (const other of others) {
      const first = other < own || waits >= WAITS_MAX
      if (first || (await readText(join(directory, other))) === HELD)
        throw lockedBy(parseTicket(other)!.pid, directory)
    }
    await wait(WAIT_MS)
  }
}

/** Tickets of other living processes; those of dead ones are removed. */
async function livingTickets(directory: string, own: string): Promise<string[]> {
  const living: string[] = []
  for (const name of await readdir(directory)) {
    const holder = parseTicket(name)
    if (holder === undefined || name === own) continue
    if (isAlive(holder)) living.push(name)
    else await remove(join(directory, name))
  }
  return living
}

function lockedBy(pid: number, directory: string): DiskError {
  const holder = pid === process.pid ? `this process itself (pid ${pid})` : `process ${pid}`
  return new DiskError('ELOCKED', directory, `${holder} has the directory in use`)
}

function ticketName({ pid, start }: Incarnation): string {
  return `${PREFIX}${pid}.${start}`
}

function parseTicket(name: string): Incarnation | undefined {
  const match = /^LOCK\.([1-9][0-9]{0,9})\.([0-9a-z-]+)$/.exec(name)
  return match === null ? undefined : { pid: Number(match[1]), start: match[2]! }
}

function self(): Incarnation {
  const start = readProcess(process.pid)?.start ?? `t${Math.round(performance.timeOrigin)}`
  return { pid: process.pid, start }
}

function isAlive({ pid, start }: Incarnation): boolean {
  const boot = readBoot()
  if (boot !== undefined && !start.startsWith(boot)) return false
  const found = readProcess(pid)
  if (found !== undefined) return found.running && found.start === start
  if (pid === process.pid) return self().start === start
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Identifies the time since the machine was started; undefined without /proc. */
function readBoot(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
  } catch {
    return undefined
  }
}

/**
 * When the process with this pid was started, and whether it still runs: a killed one
 * stays in the table until its parent collects it. Undefined when /proc does not show it.
 */
function readProcess(pid: number): { start: string; running: boolean } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The second field is the command in parentheses, which may hold anything (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const running = fields[0] !== 'Z' && fields[0] !== 'X'
    return { start: `${readBoot()}-${fields[19]}`, running }
  } catch {
    return undefined
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'latin1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

async function remove(path: string): Promise<void> {
  try {
    await unlink(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
