/** What a worker and the owner of the resource say to each other, over the channel of the process. */

/** A worker wants to write to the resource, under the token of its lock. */
export interface WriteMessage {
  readonly kind: 'write'
  /** Numbers the writes of one worker. */
  readonly id: number
  readonly token: number
}

/** A worker learned that its lock is lost. */
export interface LostMessage {
  readonly kind: 'lost'
  readonly token: number
}

/** What a worker says. */
export type WorkerMessage = WriteMessage | LostMessage

/** What became of a write. */
export interface WriteAnswer {
  readonly id: number
  readonly accepted: boolean
}
