/**
 * The names of a disk that may lose power: which path leads to which file.
 *
 * Like the content of a file, names are seen at once and durable only when their directory
 * was synced. A crash keeps or loses each pending change for itself, in order; a rename
 * happens whole or not at all. Whatever lies in a directory whose own name was lost is lost.
 */

import { dirname, normalize, sep } from 'node:path'
import { DiskError } from '../../server/host/disk-error.js'
import type { SeededRandom } from '../model/random.js'
import type { FaultFile } from './fault-file.js'

/** What a path leads to: a file or a directory. */
export type Node = FaultFile | 'directory'

type Change = { readonly directory: string } & (
  | { readonly kind: 'link'; readonly path: string; readonly node: Node }
  | { readonly kind: 'unlink'; readonly path: string; readonly node: Node }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string; readonly node: Node }
)

const ROOTS: readonly [string, Node][] = [
  [sep, 'directory'],
  ['.', 'directory'],
]

/** The path in the form that names are kept in. */
export function cleanPath(path: string): string {
  const normal = normalize(path)
  return normal.length > 1 && normal.endsWith(sep) ? normal.slice(0, -1) : normal
}

/** All names of one disk. Paths must be clean. */
export class FaultNames {
  #seen = new Map<string, Node>(ROOTS)
  #durable = new Map<string, Node>(ROOTS)
  #pending: Change[] = []

  get(path: string): Node | undefined {
    return this.#seen.get(path)
  }

  /** Every file that a path leads to. */
  *files(): Iterable<readonly [path: string, file: FaultFile]> {
    for (const [path, node] of this.#seen) if (node !== 'directory') yield [path, node]
  }

  /** @throws {DiskError} the path is no directory. */
  needDirectory(path: string): void {
    const node = this.#seen.get(path)
    if (node === undefined) throw new DiskError('ENOENT', path)
    if (node !== 'directory') throw new DiskError('ENOTDIR', path)
  }

  /** Names in the directory, sorted. */
  list(directory: string): string[] {
    this.needDirectory(directory)
    const names: string[] = []
    for (const path of this.#seen.keys())
      if (path !== directory && dirname(path) === directory)
        names.push(path.slice(path.lastIndexOf(sep) + 1))
    return names.sort()
  }

  link(path: string, node: Node): void {
    this.#change({ kind: 'link', directory: dirname(path), path, node })
  }

  unlink(path: string, node: Node): void {
    this.#change({ kind: 'unlink', directory: dirname(path), path, node })
  }

  /** Durable when the directory of `to` is. */
  rename(from: string, to: string, node: Node): void {
    this.#change({ kind: 'rename', directory: dirname(to), from, to, node })
  }

  /** A mark for `commit`: everything in the directory up to now. */
  mark(directory: string): readonly unknown[] {
    return this.#pending.filter((change) => change.directory === directory)
  }

  /** What was pending at the mark is durable. */
  commit(mark: readonly unknown[]): void {
    const covered = new Set(mark)
    for (const change of this.#pending) if (covered.has(change)) apply(this.#durable, change)
    this.#pending = this.#pending.filter((change) => !covered.has(change))
  }

  /** Power is lost. */
  crash(random: SeededRandom): void {
    for (const change of this.#pending) if (random.chance(0.5)) apply(this.#durable, change)
    this.#pending = []
    for (const path of [...this.#durable.keys()].sort())
      if (!this.#durable.has(dirname(path))) this.#durable.delete(path)
    this.#seen = new Map(this.#durable)
  }

  #change(change: Change): void {
    this.#pending.push(change)
    apply(this.#seen, change)
  }
}

function apply(names: Map<string, Node>, change: Change): void {
  switch (change.kind) {
    case 'link':
      names.set(change.path, change.node)
      break
    case 'unlink':
      if (names.get(change.path) === change.node) names.delete(change.path)
      break
    case 'rename':
      if (names.get(change.from) === change.node) names.delete(change.from)
      names.set(change.to, change.node)
  }
}
