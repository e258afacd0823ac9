/** The gRPC service of the example, written by hand: it answers with the name of who answers. */

import {
  Client,
  credentials,
  Server,
  ServerCredentials,
  type ServiceDefinition,
} from '@grpc/grpc-js'

const bytes = (message: Buffer) => message
const PATH = '/example.Greeter/Greet'
const SERVICE: ServiceDefinition = {
  greet: {
    path: PATH,
    requestStream: false,
    responseStream: false,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  },
}

/** How long an answer takes, so that requests are under way when a server leaves. */
const WORK_MS = 10

/** A running server. */
export interface Greeter {
  readonly port: number
  /** Refuses new connections, and resolves when every request is answered. */
  stop(): Promise<void>
  /** Resolves when no request is under way. */
  idle(): Promise<void>
  /** Ends at once; requests under way are lost. */
  kill(): void
}

/** Starts a server on a free port of the loopback. */
export async function startGreeter(name: string): Promise<Greeter> {
  const server = new Server()
  let underWay = 0
  let onIdle = () => {}
  server.addService(SERVICE, {
    greet: (_: unknown, answer: (error: null, value: Buffer) => void) => {
      underWay++
      setTimeout(() => {
        answer(null, Buffer.from(name))
        if (--underWay === 0) onIdle()
      }, WORK_MS)
    },
  })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
  return {
    port,
    stop: () => new Promise((resolve) => server.tryShutdown(() => resolve())),
    idle: () =>
      new Promise((resolve) => {
        onIdle = resolve
        if (underWay === 0) resolve()
      }),
    kill: () => server.forceShutdown(),
  }
}

/** A client of the service at a target of grpc-js. */
export class GreeterClient {
  readonly #client: Client

  constructor(target: string) {
    this.#client = new Client(target, credentials.createInsecure())
  }

  /** Who answers. */
  greet(): Promise<string> {
    return new Promise((resolve, reject) => {
      const deadline = Date.now() + 10_000
      const empty = Buffer.alloc(0)
      this.#client.makeUnaryRequest(PATH, bytes, bytes, empty, { deadline }, (error, answer) =>
        error === null ? resolve(answer!.toString()) : reject(error),
      )
    })
  }

  close(): void {
    this.#client.close()
  }
}
