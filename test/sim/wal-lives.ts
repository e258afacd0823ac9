/**
 * A log that lives through a seed's worth of crashes, and the judge of what it promised.
 *
 * Each life opens the log on a {@link FaultDisk}, compares what it finds with the model,
 * appends, releases, and ends: by a power failure or a kill at any call to the disk, by an
 * error of the disk, or in peace. The judge knows what was acknowledged. A broken promise
 * is returned as a sentence; a log may refuse to open only when `mayRefuse` says so.
 */

import { DataDirectory } from '../../server/storage/data-directory.js'
import { Wal, WalDamaged } from '../../server/storage/wal.js'
import { SeededRandom } from '../model/random.js'
import { type FaultRates, randomFaults } from './disk-faults.js'
import { FaultDisk } from './fault-disk.js'
import {
  applyBatch,
  EMPTY_WAL,
  isState,
  lastIndex,
  randomBatch,
  render,
  type WalModelState,
} from './wal-model.js'

/** Where the log is on the simulated disk. */
export const WAL_DIRECTORY = '/data/member/wal'

/** What a run may meet. */
export interface WalLivesOptions {
  /** Drawn for each life; default: errors, short reads and full disks in some lives. */
  readonly rates?: FaultRates
  readonly lives?: number
  /** Where `lie` of the rates applies: a log that forgets this call, in effect. */
  readonly lieOnly?: 'sync' | 'syncDirectory'
  readonly mayRefuse?: boolean
}

/** A promise was broken; the message says which. */
class Broken extends Error {}

/** Runs one seed; returns what was broken, or undefined. */
export async function liveWal(
  seed: number,
  options: WalLivesOptions = {},
): Promise<string | undefined> {
  const lives = new WalLives(seed, options)
  try {
    await lives.run()
    return undefined
  } catch (error) {
    if (error instanceof Broken) return `seed ${seed}: ${error.message}`
    if (error instanceof WalDamaged && options.mayRefuse) return undefined
    throw new Error(`seed ${seed}`, { cause: error })
  }
}

class WalLives {
  readonly #random: SeededRandom
  readonly #options: WalLivesOptions
  readonly #disk: FaultDisk
  readonly #segmentBytes: number
  /** States since the one that was found last; a log that was never made has none. */
  #states: WalModelState[] = []
  /** The log must not be older than this state; -1 when it need not exist. */
  #floor = -1
  #life = 0
  /** Appends answered since {@link #states} began. */
  #answered = 0
  #hasFailed = false
  /** Resolves when the log of this life has failed. */
  #failed: Promise<void> = Promise.resolve()
  /** What a callback found broken; thrown by `run`. */
  #broken: string | undefined

  constructor(seed: number, options: WalLivesOptions) {
    this.#random = new SeededRandom(seed)
    this.#options = options
    this.#disk = new FaultDisk({ seed: seed + 1e9 })
    this.#segmentBytes = this.#random.between(200, 6000)
  }

  async run(): Promise<void> {
    const lives = this.#options.lives ?? 6
    for (this.#life = 1; this.#life <= lives; this.#life++) {
      this.#drawFaults()
      const ended = this.#disk.ended
      // A life that was cut off never settles.
      await Promise.race([this.#live(), ended])
      if (this.#broken !== undefined) throw new Broken(this.#broken)
      this.#endLife()
    }
    this.#disk.faults = () => undefined
    this.#disk.capacityBytes = Number.POSITIVE_INFINITY
    this.#disk.onPoint = () => {}
    await this.#open()
  }

  #drawFaults(): void {
    const random = this.#random
    const disk = this.#disk
    const error = random.chance(0.3) ? 0.01 : 0
    const short = random.chance(0.5) ? 0.3 : 0
    const rates = { EIO: error, ENOSPC: error / 2, short, ...this.#options.rates }
    const plan = randomFaults(random, rates)
    const { lieOnly } = this.#options
    disk.faults = (call) => {
      const fault = plan(call)
      const honest = lieOnly !== undefined && call.operation !== lieOnly
      return fault === 'lie' && honest ? undefined : fault
    }
    const room = random.chance(0.1) ? random.between(0, 20_000) : Number.POSITIVE_INFINITY
    disk.capacityBytes = disk.usedBytes + room
    let pointsLeft = random.chance(0.7) ? random.between(1, 120) : Number.POSITIVE_INFINITY
    const power = random.chance(0.7)
    disk.onPoint = () => {
      if (--pointsLeft !== 0) return
      if (power) disk.crash()
      else disk.kill()
    }
  }

  #endLife(): void {
    this.#disk.onPoint = () => {}
    if (this.#random.chance(0.5)) this.#disk.crash()
    else this.#disk.kill()
  }

  async #live(): Promise<void> {
    let wal: Wal
    try {
      wal = await this.#open()
    } catch (error) {
      if (isDiskError(error)) return
      throw error
    }
    const process = this.#disk.process
    const isOver = () => this.#hasFailed || process !== this.#disk.process
    const appends = this.#random.between(0, 40)
    for (let count = 0; count < appends && !isOver(); count++) await this.#act(wal)
    if (isOver() || this.#random.chance(0.7)) return
    const tip = this.#states.length - 1
    await wal.close()
    if (!isOver() && this.#answered !== tip) this.#broken = 'close left an append unanswered'
  }

  /** Opens or makes the log, and judges what it holds. */
  async #open(): Promise<Wal> {
    const disk = this.#disk.mount()
    const life = this.#life
    this.#hasFailed = false
    this.#answered = 0
    let onFatal = () => {}
    this.#failed = new Promise((resolve) => {
      onFatal = () => {
        if (this.#hasFailed) this.#broken = `onFatal ran twice in life ${life}`
        this.#hasFailed = true
        resolve()
      }
    })
    await DataDirectory.open(disk, '/data')
    const options = { disk, directory: WAL_DIRECTORY, segmentBytes: this.#segmentBytes, onFatal }
    if (!(await Wal.exists(disk, WAL_DIRECTORY))) {
      if (this.#floor >= 0) throw new Broken('the log is gone')
      this.#states = [EMPTY_WAL]
      const wal = await Wal.create({ ...options, clusterId: 1n, memberId: 2n })
      this.#floor = 0
      return wal
    }
    const { wal, contents } = await this.#refusal(Wal.open(options))
    this.#judge(contents)
    return wal
  }

  async #refusal<T>(opening: Promise<T>): Promise<T> {
    try {
      return await opening
    } catch (error) {
      if (error instanceof WalDamaged && !this.#options.mayRefuse)
        throw new Broken(`refused without damage: ${error.message}`)
      throw error
    }
  }

  #judge(contents: Parameters<typeof isState>[0]): void {
    const floor = Math.max(0, this.#floor)
    const at = this.#states.findLastIndex((state, at) => at >= floor && isState(contents, state))
    if (at < 0) {
      const expected = this.#states.slice(floor).map(render)
      throw new Broken(
        `life ${this.#life} found\n  ${render(contents)}\nafter\n  ${expected.join('\n  ')}`,
      )
    }
    this.#states = [this.#states[at]!]
    this.#floor = 0
  }

  async #act(wal: Wal): Promise<void> {
    const random = this.#random
    const state = this.#states.at(-1)!
    if (random.chance(0.12)) {
      const release = wal.release(random.between(0, lastIndex(state))).catch(ignoreFailure)
      if (random.chance(0.5)) await release
      return
    }
    const batch = randomBatch(random, state)
    const number = this.#states.push(applyBatch(state, batch)) - 1
    const process = this.#disk.process
    const done = new Promise<void>((resolve) => {
      wal.append(batch, () => {
        if (process !== this.#disk.process) return
        if (this.#hasFailed) this.#broken = `append ${number} was answered after the failure`
        if (++this.#answered !== number) this.#broken = `append ${number} was answered out of order`
        if (batch.mustSync) this.#floor = Math.max(this.#floor, number)
        resolve()
      })
    })
    // What need not be durable soon waits for what must.
    if (random.chance(0.5)) await (batch.mustSync ? Promise.race([done, this.#failed]) : undefined)
    else if (random.chance(0.3)) await Promise.resolve()
  }
}

function isDiskError(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return code === 'EIO' || code === 'ENOSPC'
}

function ignoreFailure(error: unknown): void {
  const { code } = error as { code?: unknown }
  if (code !== 'WAL_FAILED') throw error
}
