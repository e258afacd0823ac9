/**
 * Judges queues: what producers and workers were told against what happened to the items.
 *
 * - *Q1*: nothing is lost: an item whose enqueue was acknowledged was created, and it leaves
 *   the queue only by the ack of one who was given it, or to the dead;
 * - *Q2*: an item is created once, however often its enqueue was sent;
 * - *Q3*: an item is acked at most once, and an ack that was told happened, by this claim;
 * - *Q4*: nobody gets an item that another has, by the order of the log: no claim follows a
 *   claim that has not ended, and no two are given the same one;
 * - *Q5*: attempts are counted one by one, and nobody is buried before the last;
 * - *Q6*: who consumes alone takes the items by priority, then in the order of the log.
 *
 * That two processes work on one item at the same time, because one stands still, cannot
 * be excluded; its ack is (Q3).
 */

import type { ModelEvent } from '../model/model.js'
import type { Violation } from './operation.js'
import { type ItemEvent, queueEvents } from './queue-history.js'
import type { DeliveryRecord, EnqueueRecord, QueueMaterial } from './queue-record.js'

/** Judges by all rules. Empty: acquitted. @param attemptsMax that of all who consume. */
export function judgeQueues(
  { enqueues, deliveries }: QueueMaterial,
  events: readonly ModelEvent[],
  attemptsMax: number,
): Violation[] {
  const names = new Set([...enqueues, ...deliveries].map(({ queue }) => queue))
  return [...names].flatMap((name) => {
    const court = new Court(name, queueEvents(name, events, attemptsMax), attemptsMax)
    court.items()
    court.enqueues(enqueues.filter(({ queue }) => queue === name))
    court.deliveries(deliveries.filter(({ queue }) => queue === name))
    return court.violations
  })
}

class Court {
  readonly violations: Violation[] = []
  readonly #name: string
  readonly #attemptsMax: number
  /** By item, in order. */
  readonly #lives = new Map<string, ItemEvent[]>()

  constructor(name: string, events: readonly ItemEvent[], attemptsMax: number) {
    this.#name = name
    this.#attemptsMax = attemptsMax
    for (const event of events) {
      const life = this.#lives.get(event.id)
      if (life === undefined) this.#lives.set(event.id, [event])
      else life.push(event)
    }
  }

  /** What can be said of the log alone. */
  items(): void {
    for (const [id, life] of this.#lives) {
      const created = life.filter(({ kind }) => kind === 'created')
      if (created.length > 1) this.#convict('Q2', id, `was created ${created.length} times`)
      const acked = life.filter(({ kind }) => kind === 'acked')
      if (acked.length > 1) this.#convict('Q3', id, `was acked ${acked.length} times`)
      for (const [i, event] of life.entries()) this.#event(event, life[i - 1])
    }
  }

  /** Q1 and Q2, for what producers were told. */
  enqueues(records: readonly EnqueueRecord[]): void {
    for (const { id, outcome, process } of records) {
      const isThere = this.#lives.has(id)
      if (outcome === 'done' && !isThere)
        this.#convict('Q1', id, `was acknowledged to ${process}, and never created`)
      const isSurelyNot = records.every((one) => one.id !== id || one.outcome === 'failed')
      if (outcome === 'failed' && isThere && isSurelyNot)
        this.#convict('Q1', id, `was created, though ${process} was told that it was not`)
    }
    const done = records.filter(({ outcome }) => outcome === 'done')
    for (const id of twice(done.map((record) => record.id)))
      this.#convict('Q2', id, 'was acknowledged as new twice')
  }

  /** Q1, Q3 and Q4, for what workers were told. */
  deliveries(records: readonly DeliveryRecord[]): void {
    const byClaim = new Map(records.map((record) => [`${record.id} ${record.token}`, record]))
    for (const { id, token, attempt, process, ack } of records) {
      const life = this.#lives.get(id) ?? []
      const claim = life.find((event) => event.kind === 'claimed' && event.token === token)
      if (claim === undefined) this.#convict('Q4', id, `was given to ${process}, who has no claim`)
      else if (claim.attempts !== attempt)
        this.#convict('Q5', id, `was given to ${process} as attempt ${attempt}`)
      const isAcked = life.some((event) => event.kind === 'acked' && event.token === token)
      if (ack === 'done' && !isAcked)
        this.#convict('Q3', id, `was acked by ${process} with claim ${token}, and was not`)
    }
    for (const key of twice(records.map(({ id, token }) => `${id} ${token}`)))
      this.#convict('Q4', key, 'was given out twice with one claim')
    for (const [id, life] of this.#lives)
      for (const { kind, token, revision } of life)
        if (kind === 'acked' && !byClaim.has(`${id} ${token}`))
          this.#convict('Q1', id, `was acked at revision ${revision}, and given to nobody`)
  }

  #event(event: ItemEvent, before: ItemEvent | undefined): void {
    const { kind, id, revision, attempts, passedOver } = event
    const at = `at revision ${revision}`
    if (kind === 'vanished') this.#convict('Q1', id, `vanished ${at}`)
    if (kind === 'claimed') {
      if (before?.kind === 'claimed') this.#convict('Q4', id, `was claimed twice, ${at} again`)
      if (attempts !== (before?.attempts ?? 0) + 1)
        this.#convict(
          'Q5',
          id,
          `was claimed ${at} as attempt ${attempts} after ${before?.attempts}`,
        )
      if (passedOver.length > 0) this.#convict('Q6', id, `was claimed ${at} before ${passedOver}`)
    }
    if (kind === 'buried' && attempts < this.#attemptsMax)
      this.#convict('Q5', id, `was buried ${at} after ${attempts} attempts`)
  }

  #convict(rule: string, id: string, message: string): void {
    this.violations.push({
      rule: `queue ${rule}`,
      message: `item ${id} of ${this.#name} ${message}`,
    })
  }
}

function twice(all: readonly string[]): Set<string> {
  const seen = new Set<string>()
  return new Set(all.filter((one) => seen.has(one) || !seen.add(one)))
}
