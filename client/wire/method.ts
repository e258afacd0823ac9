/** What a method of the wire contract is: its path, how it streams, and its codecs. */

import type { Codec } from './codec.js'

/** Who streams: nobody, the server, the client, or both. */
export type MethodKind = 'unary' | 'serverStream' | 'clientStream' | 'bidi'

/** One RPC. Rows of this type live in methods.ts and nowhere else. */
export interface Method<Request, Response, Kind extends MethodKind = MethodKind> {
  /** The gRPC path, such as `/etcdserverpb.KV/Put`. */
  readonly path: string
  readonly kind: Kind
  readonly request: Codec<Request>
  readonly response: Codec<Response>
}
