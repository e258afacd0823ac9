/** What processes did with queues: the material of the judge of queues. */

/** What a process was told of an enqueue. */
export interface EnqueueRecord {
  readonly process: string
  readonly queue: string
  /** Never used for two items, but maybe asked for twice. */
  readonly id: string
  readonly outcome: 'done' | 'duplicate' | 'failed' | 'unknown'
}

/** An item that a process was given. */
export interface DeliveryRecord {
  readonly process: string
  readonly queue: string
  readonly id: string
  readonly attempt: number
  /** Create revision of the claim. */
  readonly token: number
  /** What it was told of its ack; undefined when it never asked for one, or was not answered. */
  ack: 'done' | 'lost' | undefined
}

/** Everything about queues of one run. */
export interface QueueMaterial {
  readonly enqueues: readonly EnqueueRecord[]
  readonly deliveries: readonly DeliveryRecord[]
}
