/**
 * Takes a snapshot off the wire and into a file.
 *
 * The file gets its name only when it is whole, checked and durable:
 *
 *   write   every chunk goes through the decoder and into `<name>.<n>.part`
 *   finish  the footer was there -> sync the file -> rename to `<name>` -> sync the directory
 *
 * Without the last step a power loss could take the name back after the log already
 * refers to the snapshot (etcd issue 22340).
 */

import { encodeBytes } from '../../client/wire/codec.js'
import { SnapshotMetadata } from '../../client/wire/generated/raft.js'
import type { Disk, File } from '../host/disk.js'
import { SnapshotDecoder } from './snapshot-decoder.js'
import { PART_SUFFIX, snapshotName } from './snapshot-file.js'
import { SnapshotDamaged } from './snapshot-format.js'

/** Unfinished files of one snapshot that may lie around at once. */
const PARTS_MAX = 100

/** Options of {@link SnapshotReceiver}. */
export interface SnapshotReceiverOptions {
  readonly disk: Disk
  /** Must exist. */
  readonly directory: string
  /** What the sender announced; the stream must say the same. */
  readonly metadata: SnapshotMetadata
}

/** Takes one snapshot off the wire. After any error, and after `abort`, nothing is left of it. */
export class SnapshotReceiver {
  readonly #disk: Disk
  readonly #directory: string
  readonly #metadata: SnapshotMetadata
  readonly #decoder: SnapshotDecoder
  #part: { readonly path: string; readonly file: File } | undefined
  /** The last operation; they run one after another. */
  #last: Promise<unknown> = Promise.resolve()
  #ended = false

  constructor(options: SnapshotReceiverOptions) {
    this.#disk = options.disk
    this.#directory = options.directory
    this.#metadata = options.metadata
    this.#decoder = new SnapshotDecoder({
      metadata: (metadata) => this.#check(metadata),
      records: () => {},
    })
  }

  /**
   * Wait for it before the next chunk is taken off the wire.
   *
   * @param chunk must not change afterwards.
   * @throws {SnapshotDamaged} or an error of the disk; the receiver has ended.
   */
  write(chunk: Uint8Array): Promise<void> {
    return this.#run(async () => {
      this.#decoder.feed(chunk)
      this.#part ??= await this.#openPart()
      await this.#part.file.writeAt(this.#part.file.size, [chunk])
    })
  }

  /** Makes the file durable under its name. @returns its path. */
  finish(): Promise<string> {
    return this.#run(async () => {
      this.#decoder.end()
      const part = this.#part!
      const path = `${this.#directory}/${snapshotName(this.#metadata)}`
      await part.file.sync()
      await part.file.close()
      await this.#disk.rename(part.path, path)
      this.#part = undefined
      this.#ended = true
      await this.#disk.syncDirectory(this.#directory)
      return path
    })
  }

  /** Gives up; nothing happens when it is over already. Does not fail: a rest is found by the next start. */
  async abort(): Promise<void> {
    this.#ended = true
    await this.#last.catch(() => {})
    await this.#discard()
  }

  #run<T>(operation: () => Promise<T>): Promise<T> {
    const result = this.#last.then(async () => {
      if (this.#ended) throw new Error('The receiver of this snapshot has ended')
      try {
        return await operation()
      } catch (error) {
        this.#ended = true
        await this.#discard()
        throw error
      }
    })
    this.#last = result.catch(() => {})
    return result
  }

  async #discard(): Promise<void> {
    const part = this.#part
    this.#part = undefined
    if (!part) return
    await part.file.close().catch(() => {})
    await this.#disk.remove(part.path).catch(() => {})
  }

  /** Another receiver of the same snapshot may be at work, or may have left its file. */
  async #openPart(): Promise<{ path: string; file: File }> {
    const name = snapshotName(this.#metadata)
    for (let n = 0; ; n++) {
      const path = `${this.#directory}/${name}.${n}${PART_SUFFIX}`
      try {
        return { path, file: await this.#disk.open(path, 'create') }
      } catch (error) {
        if ((error as { code?: string }).code !== 'EEXIST' || n === PARTS_MAX) throw error
      }
    }
  }

  #check(metadata: SnapshotMetadata): void {
    const [sent, announced] = [metadata, this.#metadata].map((each) =>
      encodeBytes(SnapshotMetadata, each),
    )
    if (Buffer.compare(sent!, announced!) !== 0)
      throw new SnapshotDamaged('The snapshot is not the one that was announced')
  }
}
