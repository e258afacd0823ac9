/** A queue has as many items as it may have. */

/** An enqueue was refused, and did nothing: the queue has `lengthMax` items. */
export class QueueFullError extends Error {
  override readonly name = 'QueueFullError'
  readonly code = 'queue-full'

  constructor(name: string, lengthMax: number) {
    super(
      `The queue '${name}' has its ${lengthMax} items; try again later, or enqueue with whenFull: 'wait'.`,
    )
  }
}
