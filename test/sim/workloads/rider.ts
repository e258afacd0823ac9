/** A client of its own for a workload that ends its clients in the middle of their work. */

import type { Client } from '../../../client/index.js'
import type { Asker } from '../../check/recorder.js'

/** See the head of the file. */
export class Rider implements Asker {
  readonly process: string
  readonly client: Client
  /** Resolves when it was closed or killed. */
  readonly gone: Promise<void>
  readonly #kill: () => void
  #leave: () => void = () => {}

  /** @param kill ends the process, and with it all that it waits for. */
  constructor(process: string, client: Client, kill: () => void) {
    this.process = process
    this.client = client
    this.#kill = kill
    this.gone = new Promise((resolve) => {
      this.#leave = resolve
    })
  }

  /** As a program ends that is told to. */
  close(): void {
    this.client.close()
    this.#leave()
  }

  /** As SIGKILL ends it: nobody hears its answers. */
  kill(): void {
    this.#kill()
    this.#leave()
  }
}
