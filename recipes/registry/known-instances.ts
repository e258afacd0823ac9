/**
 * The instances that a view shows: those in the store, and at times some that vanished.
 *
 * An instance that goes in order says so first (`draining`, `down`). One that just vanishes
 * may have died; but if all vanish at once, it is more likely that the store or the way to it
 * failed, as when leases run out that nobody could renew, or a prefix is deleted by mistake.
 * So those that vanished while `up` are in doubt for a while, and
 *
 *     up <= threshold x (up + in doubt)   means: show those in doubt, too.
 *
 * With a threshold of 0 that is when nobody else is left. It is over when enough are back,
 * or when the time of doubt is over. Calling an address that is dead costs one failed try;
 * calling nobody costs all.
 */

import { type Instance, sameInstance } from './instance.js'

/** What happened to an instance that is shown. */
export type InstanceEvent = 'up' | 'change' | 'down'

/** When those that vanished are shown. */
export interface Protection {
  /** The share; undefined for never. */
  readonly threshold: number | undefined
  /** How long one that vanished is in doubt, in milliseconds. */
  readonly doubtMs: number
}

interface InDoubt {
  readonly instance: Instance
  readonly untilMs: number
}

/** See the head of the file. */
export class KnownInstances {
  readonly #protection: Protection
  readonly #tell: (event: InstanceEvent, instance: Instance) => void
  readonly #stored = new Map<string, Instance>()
  readonly #inDoubt = new Map<string, InDoubt>()
  readonly #shown = new Map<string, Instance>()
  /** How many of the stored are `up`. */
  #up = 0
  #protecting = false

  constructor(protection: Protection, tell: (event: InstanceEvent, instance: Instance) => void) {
    this.#protection = protection
    this.#tell = tell
  }

  /** Are those in doubt shown? */
  get protecting(): boolean {
    return this.#protecting
  }

  /** All that are shown, by id. */
  get shown(): ReadonlyMap<string, Instance> {
    return this.#shown
  }

  /** The ids that the store has. */
  get storedIds(): readonly string[] {
    return [...this.#stored.keys()]
  }

  /** When the next doubt is over; undefined when there is none. */
  get nextEndMs(): number | undefined {
    // Doubts end in the order in which they began.
    return this.#inDoubt.values().next().value?.untilMs
  }

  /** The store has this. */
  put(instance: Instance): void {
    this.#forget(instance.id)
    this.#inDoubt.delete(instance.id)
    this.#stored.set(instance.id, instance)
    if (instance.status === 'up') this.#up++
    this.#show(instance)
    this.#review()
  }

  /** The store has it no more. */
  remove(id: string, nowMs: number): void {
    const gone = this.#forget(id)
    if (gone === undefined) return
    const { threshold, doubtMs } = this.#protection
    if (gone.status === 'up' && threshold !== undefined)
      this.#inDoubt.set(id, { instance: gone, untilMs: nowMs + doubtMs })
    this.#review()
    if (!(this.#protecting && this.#inDoubt.has(id))) this.#hide(id)
  }

  /** Ends the doubts whose time is over. */
  expire(nowMs: number): void {
    for (const [id, { untilMs }] of this.#inDoubt) {
      if (untilMs > nowMs) break
      this.#inDoubt.delete(id)
      this.#hide(id)
    }
    this.#review()
  }

  #forget(id: string): Instance | undefined {
    const there = this.#stored.get(id)
    if (there === undefined) return undefined
    this.#stored.delete(id)
    if (there.status === 'up') this.#up--
    return there
  }

  #review(): void {
    const inDoubt = this.#inDoubt.size
    const { threshold = 0 } = this.#protection
    const protecting = inDoubt > 0 && this.#up <= threshold * (this.#up + inDoubt)
    if (protecting === this.#protecting) return
    this.#protecting = protecting
    for (const [id, { instance }] of this.#inDoubt)
      if (protecting) this.#show(instance)
      else this.#hide(id)
  }

  #show(instance: Instance): void {
    const before = this.#shown.get(instance.id)
    if (before !== undefined && sameInstance(before, instance)) return
    this.#shown.set(instance.id, instance)
    this.#tell(before === undefined ? 'up' : 'change', instance)
  }

  #hide(id: string): void {
    const before = this.#shown.get(id)
    if (before === undefined) return
    this.#shown.delete(id)
    this.#tell('down', before)
  }
}
